# Runs a Postgres server for a test process, which holds this shell's standard
# input: when that ends, the server and its folder go. Verbs, one a line:
# start, stop; each is answered with a line.
# Usage: sh -s BIN_DIR FOLDER PORT
bin=$1 dir=$2 port=$3 pid=
start() {
    "$bin/postgres" -D "$dir/data" -p "$port" >>"$dir/log" 2>&1 </dev/null &
    pid=$!
}
stop() {
    [ -z "$pid" ] || { kill -INT "$pid"; wait "$pid"; } 2>/dev/null
    pid=
}
trap '' INT HUP
while read -r verb; do
    "$verb"
    echo "$verb"
done
[ -z "$pid" ] || { kill -QUIT "$pid"; wait "$pid"; } 2>/dev/null
rm -rf "$dir"
