#!/bin/sh
# Installs what the tests, benchmarks and long runs measure against: the other implementations and network tools.
# Debian or Ubuntu, as root. Quiet when everything is there; may be repeated. `--list` only names the packages.
set -eu

packages="anytun uanytun nat-traverse wireguard-go wireguard-tools iperf3
  iproute2 nftables iputils-ping tcpdump net-tools ethtool procps util-linux
  systemd mandoc man-db
  user-mode-linux kmod ppp netcat-openbsd openvpn
  g++-aarch64-linux-gnu qemu-user-static"

if [ "${1-}" = --list ]; then
  printf '%s\n' $packages
  exit 0
fi

missing=
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  echo "install-peers.sh: run as root: sudo $0" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "install-peers.sh: apt-get is missing; install by hand:$missing" >&2
  exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
echo "installing$missing"
apt-get -q update </dev/null >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
# shellcheck disable=SC2086 # a list of words
apt-get -q -y --no-install-recommends install $missing </dev/null >"$log" 2>&1 || { cat "$log" >&2; exit 1; }

# Debian starts a daemon with its package. Tests start their own, in namespaces; one that was here before stays.
for service in anytun uanytun iperf3 openvpn; do
  case " $missing " in *" $service "*) ;; *) continue ;; esac
  if [ -d /run/systemd/system ]; then
    systemctl disable --now --quiet "$service" 2>/dev/null || true
  elif [ -x "/etc/init.d/$service" ]; then
    "/etc/init.d/$service" stop >/dev/null 2>&1 || true
  fi
done
