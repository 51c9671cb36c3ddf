#!/bin/sh
# Gives a VM its address when it starts, and takes it back when it has gone. Call it from a lifecycle hook of your
# hypervisor, with an id that no other VM ever has, such as its UUID:
#
#   vm-hook.sh start VM_ID [HOSTNAME]   prints IP, GATEWAY, PREFIX_LENGTH and NETWORK as shell variables. Again for
#                                       the same VM: the same address. Exit 1: refuse to start the VM.
#   vm-hook.sh stop VM_ID [IP]          releases it; no address left to release is fine. With the IP that `start`
#                                       gave, a stop that comes late cannot free what the VM holds since then.
#
#   settings=$(vm-hook.sh start "$uuid") || exit 1
#   eval "$settings"
#
# IPPOOL_URL      where ippool listens, default http://127.0.0.1:8080
# IPPOOL_SECONDS  goes on trying for this long when ippool restarts, or its pool is full; default 15
#
# Needs curl 7.71 or later, and jq. Exit codes: 0 done, 1 ippool refused or cannot be reached, 2 wrong usage.
set -eu

url=${IPPOOL_URL:-http://127.0.0.1:8080}
seconds=${IPPOOL_SECONDS:-15}

fail() {
  printf 'ippool: %s\n' "$1" >&2
  exit "${2:-1}"
}

usage() {
  fail 'usage: vm-hook.sh start VM_ID [HOSTNAME] | vm-hook.sh stop VM_ID [IP]' 2
}

# request METHOD PATH [BODY]: sets $status, and the body is in the file $answer. Every call can be repeated without
# harm, so that an answer that got lost is no reason to give up. curl waits 1, 2, 4 … seconds in between, or as long as
# ippool asks for.
request() {
  method=$1 path=$2
  shift 2
  [ $# -eq 0 ] || set -- --header 'Content-Type: application/json' --data-binary "$1"
  # --disable and --noproxy: neither root's .curlrc nor a proxy has a say in what goes on inside this host.
  # --path-as-is: curl would turn release/.. into another route.
  status=$(curl --disable --silent --show-error --noproxy '*' --path-as-is --request "$method" \
    --max-time 5 --retry 10 --retry-connrefused --retry-all-errors --retry-max-time "$seconds" \
    --output "$answer" --write-out '%{http_code}' "$@" "${url%/}/api/v1/ip/$path") || fail "no answer from $url"
}

# field NAME: text of the answer at that key; empty when there is none, or the answer is not JSON.
field() {
  jq -r --arg name "$1" '.[$name] // empty' "$answer" 2>/dev/null || true
}

refused() {
  reason=$(field error)
  fail "${reason:-status $status from $url}"
}

encoded() {
  jq -nr --arg text "$1" '$text | @uri'
}

start() {
  body=$(jq -nc --arg vm_id "$1" --arg hostname "$2" \
    '{$vm_id} + if $hostname == "" then {} else {$hostname} end')
  request POST allocate "$body"
  case $status in 200 | 201) ;; *) refused ;; esac
  # One string, so that all of it is printed or nothing. @sh quotes: nothing in it can become a command of the caller.
  jq -er '"IP=\(.ip | strings | @sh)
GATEWAY=\(.gateway | strings | @sh)
PREFIX_LENGTH=\(.prefix_length | numbers | @sh)
NETWORK=\(.network | strings | @sh)"' "$answer" 2>/dev/null || fail "an answer that is not ippool's from $url"
}

stop() {
  request DELETE "release/$(encoded "$1")${2:+?ip=$(encoded "$2")}"
  case $status in
    200) return ;;
    404) [ "$(field code)" != allocation_not_found ] || return 0 ;; # released before, or never allocated
    409) [ "$(field code)" != address_mismatch ] || return 0 ;;     # holds a newer address, which this stop is not about
  esac
  refused
}

case $# in 2 | 3) ;; *) usage ;; esac
[ -n "$2" ] || usage
case $seconds in '' | 0* | *[!0-9]*) fail "IPPOOL_SECONDS is $seconds: it must be a number of seconds" 2 ;; esac
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
trap 'exit 1' HUP INT TERM
case $1 in
  start | stop) "$1" "$2" "${3:-}" ;;
  *) usage ;;
esac
