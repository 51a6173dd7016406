#!/bin/sh
# Runs workerd with its log in a file. miniflare reads the log by a pipe, and parses each line: it would compete with workerd for the same
# cores, and each line would cost workerd a change of context. miniflare starts this file instead of workerd (served/worker.ts).
exec "$BENCH_WORKERD" "$@" >>"$BENCH_LOG"
