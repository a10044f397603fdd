# Runs a Postgres server for a test process, which holds this shell's standard
# input: when that ends, the server and its folder go. Verbs, one a line: init,
# start, stop; each is answered with a line, its exit status.
# Usage: sh -c … sh BIN_DIR FOLDER
bin=$1 dir=$2 pid=
init() {
    "$bin/initdb" --pgdata "$dir/data" --username aegis --pwfile "$dir/password" --auth scram-sha-256 \
        --encoding UTF8 --no-locale --no-sync --no-instructions >>"$dir/log" 2>&1 </dev/null
}
start() {
    "$bin/postgres" -D "$dir/data" >>"$dir/log" 2>&1 </dev/null &
    pid=$!
}
stop() {
    [ -z "$pid" ] || { kill -INT "$pid" && wait "$pid"; } 2>/dev/null
    pid=
}
trap '' INT HUP PIPE
while read -r verb; do
    "$verb"
    echo $? 2>/dev/null
done
[ -z "$pid" ] || { kill -QUIT "$pid" && wait "$pid"; } 2>/dev/null
rm -rf "$dir"
