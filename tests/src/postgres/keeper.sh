# Keeps one PostgreSQL server alive while tests use it, and leaves nothing behind.
#
#   sh keeper.sh FOLDER HOME IDLE SERVER-COMMAND...
#
# FOLDER holds the locks (see cluster.rs), HOME the data and the socket, IDLE is how many seconds in
# a row nobody may hold FOLDER/in_use.lock before the server is stopped.
# The server is told by its command line to die with this script, however this script dies.
set -u
folder=$1 home=$2 idle_limit=$3
shift 3

# Held by this script and, inherited, by the server: whoever gets this lock knows that neither lives.
exec 9>>"$folder/keeper.lock"
flock -n 9 || { echo "another keeper has $folder"; exit 1; }

server=
finish() {
    trap - EXIT
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null # immediate shutdown: nothing in there is worth a checkpoint
        wait "$server"
    fi
    rm -rf "$home" "$folder/cluster"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

cd "$home" || exit 1
"$@" &
server=$!

nobody_uses_it() { flock -n "$folder/in_use.lock" true 9>&- 8>&-; }

idle=0
while sleep 1 9>&-; do
    kill -0 "$server" 2>/dev/null || exit 1
    if nobody_uses_it; then idle=$((idle + 1)); else idle=0; fi
    [ "$idle" -ge "$idle_limit" ] || continue
    # Nobody can join while we hold this one; somebody may have joined just before.
    exec 8>>"$folder/start.lock"
    flock 8
    if nobody_uses_it; then exit 0; fi
    exec 8>&-
    idle=0
done
