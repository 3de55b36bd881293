# What `perf script` prints, as one line for each stack with how often it was seen: the form that flame graphs are drawn from.
# Left out is what lies below a goroutine's own function (gort, the crate that switches stacks, std), so that the same function is the
# same stack whichever worker ran it, and begins where the program does.
#
#     perf record -e cpu-clock --call-graph dwarf,16384 ./program
#     perf script -F ip,sym | awk -f tools/gort-perf-fold.awk
function flush(    i, line) {
    if (depth == 0) {
        below = 0
        return
    }
    line = ""
    # How a closure is called.
    while (depth > 1 && stack[depth] ~ /^core::ops::function::FnOnce::call_once/) depth--
    for (i = depth; i >= 1; i--) line = line (line == "" ? "" : ";") stack[i]
    seen[line]++
    depth = 0
    below = 0
}
/^[ \t]*$/ { flush(); next }
{
    # `address function`, innermost first.
    name = $0
    sub(/^[ \t]*[0-9a-f]+[ \t]+/, "", name)
    sub(/ \(inlined\)$/, "", name)
    sub(/\+0x[0-9a-f]+$/, "", name)
    sub(/::h[0-9a-f]+$/, "", name)
    # In one that was inlined the path may be missing: the functions that call a goroutine's own, by name.
    if (name ~ /^gort_runtime::(g::job|sched::entry|main_goroutine)::/ || name ~ /^run<.*closure/) below = 1
    if (below) next
    if (name ~ /^(<)?(generator|corosensei)::/ || name == "[unknown]") next
    stack[++depth] = name
}
END {
    flush()
    for (line in seen) print line " " seen[line]
}
