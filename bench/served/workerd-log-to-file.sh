#!/bin/sh
# Runs workerd with its log in a file. By default miniflare reads the log through a pipe and parses each line. That would compete
# with workerd for the CPU, and each line would cost a context switch. miniflare starts this file instead of workerd (served/worker.ts).
exec "$BENCH_WORKERD" "$@" >>"$BENCH_LOG"
