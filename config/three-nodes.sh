#!/bin/sh
# Three nodes of a cluster on this machine, to try it out: the API on 8081, 8082 and 8083, etcd between them on 5001 to 5003.
#
#   config/three-nodes.sh              in a clone, or where `ippool` is installed; needs etcd (Debian: etcd-server)
#   curl http://127.0.0.1:8081/api/v1/cluster/status
#
# Ctrl-C ends it, and nothing is left: all data are in a folder of their own. IPPOOL and ETCD name other programs.
# shellcheck disable=SC2086 # programs of several words, and a list of numbers
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${IPPOOL:-}" ]; then
  IPPOOL=ippool
  [ ! -f "$here/src/bin.mjs" ] || IPPOOL="node $here/src/bin.mjs"
fi
members=1:localhost:5001,2:localhost:5002,3:localhost:5003

folder=$(mktemp -d)
nodes=''
finish() {
  trap - EXIT INT TERM HUP
  [ -z "$nodes" ] || kill $nodes 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd "$folder"
$IPPOOL cluster init --node-id 1 --cluster-id 100 --raft-addr localhost:5001 --data-dir node1-data --initial-members $members >&2
$IPPOOL cluster join --node-id 2 --cluster-id 100 --raft-addr localhost:5002 --data-dir node2-data --initial-members $members >&2
$IPPOOL cluster join --node-id 3 --cluster-id 100 --raft-addr localhost:5003 --data-dir node3-data --initial-members $members >&2

for node in 1 2 3; do
  $IPPOOL server --cluster --config "node$node-data/cluster.json" --port "808$node" --etcd-binary "${ETCD:-etcd}" &
  nodes="$nodes $!"
done
# Until Ctrl-C, or until all of them have ended.
wait
