module httpbench

go 1.24
