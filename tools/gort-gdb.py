"""Goroutines in gdb, of a process or of a core file:

    (gdb) source tools/gort-gdb.py
    (gdb) info goroutines
    (gdb) goroutine 7 bt
    (gdb) goroutine all bt

The program has to have its symbols (it may be optimised; it must not be stripped). Nothing of the process is changed: a
goroutine that is parked has its registers on its stack, and gdb is shown these in place of a thread's.
"""

import gdb
import gdb.unwinder

TABLE = "gort_runtime::g::debugger::TABLE"
VERSION = 1
WORD = 8
PAGE = 4096
# What is left out above the user's call that waits: by name, or by file, since functions that were inlined have no path.
OURS = ("gort::", "gort_", "generator::", "corosensei::", "<gort", "<generator::", "<corosensei::")
OUR_FILES = ("/gort-0.", "/gort-channels-0.", "/gort-runtime-0.", "/gort-sync-0.", "/generator-0.", "/corosensei-0.")
OUR_DIRECTORIES = ("src/", "channels/src/", "runtime/src/", "sync/src/")
THIS = "runtime/src/g/debugger.rs"
# The functions that call a goroutine's own.
FIRST = ("gort_runtime::g::job::", "gort_runtime::sched::entry::", "gort_runtime::main_goroutine::")
FIRST_FILES = ("g/job.rs", "sched/entry.rs", "main_goroutine.rs")


def read(at, length):
    return bytes(gdb.selected_inferior().read_memory(at, length))


def word(at):
    return int.from_bytes(read(at, WORD), "little")


def address_of_table():
    """Types are not in the debug information; the symbol is in the program."""
    for line in gdb.execute("info variables ^" + TABLE, to_string=True).splitlines():
        if TABLE in line and line.startswith("0x"):
            return int(line.split()[0], 16)
    raise gdb.GdbError("no goroutines: this program has not gort in it, or has no symbols")


class Table:
    FIELDS = (
        "version chunks slabs_in_chunk bytes_of_slab blocks_in_slab bytes_of_block"
        " id reason context low reasons reasons_len file file_len saved_by"
    ).split()

    def __init__(self):
        at = address_of_table()
        for number, field in enumerate(self.FIELDS):
            setattr(self, field, word(at + number * WORD))
        if self.version != VERSION:
            raise gdb.GdbError("this script is for version %d of gort's table, not %d" % (VERSION, self.version))
        self.words = []
        for number in range(self.reasons_len):
            text = self.reasons + 2 * WORD * number
            self.words.append(read(word(text), word(text + WORD)).decode())
        file = read(self.file, self.file_len).decode()
        runtime = file[: -len("g/debugger.rs")]
        self.first_files = tuple(runtime + name for name in FIRST_FILES)
        # In a checkout the crates lie side by side.
        root = file[: -len(THIS)] if file.endswith(THIS) else None
        self.directories = tuple(root + name for name in OUR_DIRECTORIES) if root is not None else ()

    def is_ours(self, frame):
        name, file = frame[:2]
        return name.startswith(OURS) or file.startswith(self.directories) or any(part in file for part in OUR_FILES)

    def is_first(self, frame):
        name, file = frame[:2]
        return name.startswith(FIRST) or file in self.first_files

    def blocks(self):
        chunk = self.chunks
        while chunk != 0:
            first, chunk = word(chunk), word(chunk + WORD)
            for slab in range(self.slabs_in_chunk):
                for block in range(self.blocks_in_slab):
                    yield first + slab * self.bytes_of_slab + block * self.bytes_of_block


class Goroutine:
    def __init__(self, table, block):
        self.id = word(block + table.id)
        self.context = word(block + table.context)
        self.low = word(block + table.low)
        reason = read(block + table.reason, 1)[0]
        self.reason = table.words[reason - 1] if 0 < reason <= len(table.words) else None
        self.saved_by = table.saved_by
        if self.saved_by == 1:
            self.low &= ~(PAGE - 1)
        self.thread = None

    def is_valid(self):
        # A block that was never used has zeros, or whatever the allocator had there.
        return 0 < self.id < 1 << 48 and (self.context == 0 or 0 < self.context - self.low < 1 << 36)

    def holds(self, address):
        return self.context != 0 and self.low <= address < self.context + PAGE

    def saved(self):
        """Instruction, stack and frame pointer of one that no thread runs."""
        if self.saved_by == 1:
            sp, bp = word(self.context + WORD), word(self.context + 2 * WORD)
            return word(sp), sp + WORD, bp
        words = [word(self.context + number * WORD) for number in range(16)]
        sp = min(at for at in words if self.low <= at < self.context)
        return word(sp), sp + 3 * WORD, word(sp + 2 * WORD)

    def state(self):
        if self.thread is not None:
            return "running, thread %d" % self.thread.num
        return self.reason or "runnable"


def goroutines(table):
    found = []
    for block in table.blocks():
        try:
            goroutine = Goroutine(table, block)
        except gdb.MemoryError:
            continue
        if goroutine.is_valid():
            found.append(goroutine)
    before = gdb.selected_thread()
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        # A handler may run on a stack of its own: then one of the frames below has the goroutine's.
        frame, depth = gdb.newest_frame(), 0
        while frame is not None and depth < 8:
            try:
                sp = int(frame.read_register("rsp"))
                frame, depth = frame.older(), depth + 1
            except gdb.error:
                # Not all of its stack is there, as in a core file.
                break
            for goroutine in found:
                if goroutine.holds(sp):
                    goroutine.thread = thread
    if before is not None:
        before.switch()
    return sorted(found, key=lambda goroutine: goroutine.id)


class Parked(gdb.unwinder.Unwinder):
    """Makes the selected thread's innermost frame one that was called from where a parked goroutine goes on."""

    class Id:
        def __init__(self, sp, pc):
            self.sp, self.pc = sp, pc

    def __init__(self):
        super().__init__("gort-parked")
        self.enabled = True
        self.registers = None

    def __call__(self, pending):
        if self.registers is None:
            return None
        ip, sp, bp = self.registers
        self.registers = None
        pc = pending.read_register("rip")
        # Below the goroutine's frames, or gdb thinks that the stack is broken.
        info = pending.create_unwind_info(self.Id(gdb.Value(sp - 2 * WORD), pc))
        for name, value in (("rip", ip), ("rsp", sp), ("rbp", bp)):
            info.add_saved_register(name, gdb.Value(value).cast(pending.read_register(name).type))
        return info


PARKED = Parked()
gdb.unwinder.register_unwinder(None, PARKED, replace=True)


def place(frame):
    sal = frame.find_sal()
    if sal is not None and sal.symtab is not None:
        return sal.symtab.filename, sal.line
    return "", 0


def describe(frame):
    name, file, line, _ = frame
    return "%s at %s:%d" % (name, file, line) if file else name


def name_of(frame):
    name = frame.name() or "??"
    # Rust's old mangling has a hash at the end.
    head, colons, tail = name.rpartition("::h")
    return head if colons and len(tail) == 16 else name


def frames_of(goroutine):
    """(name, file, line, pc), innermost first; those of a thread are all there, those of a parked one end with its own function."""
    if goroutine.thread is not None:
        goroutine.thread.switch()
        frame = gdb.newest_frame()
    elif goroutine.context == 0:
        return []
    else:
        PARKED.registers = goroutine.saved()
        gdb.invalidate_cached_frames()
        frame = gdb.newest_frame().older()
    found = []
    # The last frame may have a caller that is nowhere.
    try:
        while frame is not None and len(found) < 1000:
            found.append((name_of(frame), *place(frame), frame.pc()))
            frame = frame.older()
    except gdb.error as error:
        found.append(("(%s)" % error, "", 0, 0))
    return found


def users(table, frames):
    """Without what gort does on the user's behalf, and what calls the goroutine's function."""
    start = 0
    while start < len(frames) and table.is_ours(frames[start]):
        start += 1
    end = start
    while end < len(frames) and not table.is_first(frames[end]):
        end += 1
    return frames[start:end] or frames


def with_thread_kept(body):
    before = gdb.selected_thread()
    if before is None:
        raise gdb.GdbError("no process and no core file")
    try:
        body()
    finally:
        PARKED.registers = None
        gdb.invalidate_cached_frames()
        before.switch()


class InfoGoroutines(gdb.Command):
    """Lists the goroutines: number, state, and the innermost of the user's functions."""

    def __init__(self):
        super().__init__("info goroutines", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, argument, from_tty):
        def body():
            table = Table()
            for goroutine in goroutines(table):
                frames = users(table, frames_of(goroutine))
                at = describe(frames[0]) if frames else "not started"
                mark = "*" if goroutine.thread is not None else " "
                gdb.write("%s %d [%s] %s\n" % (mark, goroutine.id, goroutine.state(), at))

        with_thread_kept(body)


class GoroutineCommand(gdb.Command):
    """goroutine N bt: the stack of a goroutine; goroutine all bt: of all of them. `full` in place of `bt` shows gort's functions, too."""

    def __init__(self):
        super().__init__("goroutine", gdb.COMMAND_STACK, gdb.COMPLETE_NONE)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if len(words) != 2 or words[1] not in ("bt", "full"):
            raise gdb.GdbError("goroutine NUMBER|all bt|full")

        def body():
            table = Table()
            chosen = [g for g in goroutines(table) if words[0] in ("all", str(g.id))]
            if not chosen:
                raise gdb.GdbError("no goroutine %s" % words[0])
            for goroutine in chosen:
                gdb.write("goroutine %d [%s]:\n" % (goroutine.id, goroutine.state()))
                frames = frames_of(goroutine)
                for number, frame in enumerate(frames if words[1] == "full" else users(table, frames)):
                    gdb.write("#%-3d 0x%016x in %s\n" % (number, frame[3], describe(frame)))

        with_thread_kept(body)


InfoGoroutines()
GoroutineCommand()
