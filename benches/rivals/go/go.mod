module gort.bench/rivals/go

go 1.25
