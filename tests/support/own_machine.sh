#!/usr/bin/env bash
# Runs a command on a machine of its own: mounts, network, processes, home and engine, with the base images of this
# machine's engine on it. So the workers of pytest never meet. Needs root; all of it is gone when the command ends.
#
#     own_machine.sh COMMAND [ARGUMENT…]
#
# SLIPWAY_OUTSIDE is the number of a descriptor of this machine's network, for what must fetch packages.
set -euo pipefail

inside() {
  mount -t tmpfs tmpfs /run
  # in memory, where there is enough for several of these: a seventh less to do for the processors
  if (($(awk '/^MemAvailable/ {print $2}' /proc/meminfo) > 14 << 20)); then
    mount -t tmpfs -o size=5g,mode=0711 tmpfs /var/lib/docker
  else
    mount --bind "$PLACE/docker" /var/lib/docker
  fi
  ip link set lo up
  # Chromium drops its connections whenever an interface gets an address, and each container's gets one of IPv6
  echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
  # a way out that leads nowhere, as the firewall of sessions is about what leaves by it
  ip link add outside type bridge
  ip address add 192.0.2.2/24 dev outside
  ip link set outside up
  ip route add default via 192.0.2.1
  iptables -A OUTPUT -o outside -j REJECT # what asks for a registry must hear at once that there is none
  GOGC=400 dockerd >"$PLACE/dockerd.log" 2>&1 &
  local engine=$! deadline=$((SECONDS + 60))
  until docker version >/dev/null 2>&1; do
    if ! kill -0 $engine || ((SECONDS > deadline)); then
      tail -n 20 "$PLACE/dockerd.log" >&2
      exit 1
    fi
    sleep 0.1
  done
  docker load --quiet --input "$PLACE/images.tar" >/dev/null
  rm "$PLACE/images.tar"
  "$@"
}

if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
  exit
fi

unset DOCKER_HOST DOCKER_CONTEXT SLIPWAY_ENGINE
PLACE=$(mktemp --directory /tmp/sw-machine-XXXXXX)
export PLACE SLIPWAY_OUTSIDE=9 SLIPWAY_TEST_CACHE="${SLIPWAY_TEST_CACHE:-$HOME/.cache/slipway-tests}" HOME="$PLACE/home"
mkdir "$PLACE/docker" "$HOME"
docker save --output "$PLACE/images.tar" course/busybox course/python course/node course/registry
mkdir -p /var/lib/docker
exec 9</proc/self/ns/net
# pytest ends a worker with SIGKILL, so somebody else must tidy up when this process, which becomes unshare, is gone
{ while kill -0 $$; do sleep 0.5; done; rm -rf "$PLACE"; } </dev/null >/dev/null 2>&1 9<&- &
exec unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private \
  bash "${BASH_SOURCE[0]}" --inside "$@"
