#!/usr/bin/env bash
# Real pppd over a tunnel command, on two hosts inside a user-mode Linux: most kernels that run tests have no PPP.
# The guest boots the files of this machine, read-only with an overlay in memory, so everything installed here runs there.
#
# usage: ppp-lab.sh [option...] 'COMMAND A' 'COMMAND B'
#   A and B run under bash in two namespaces of the guest, with $PEER set to the other's address and in the caller's
#   working directory. They have to bring up ppp0 with 10.0.0.1 at A and 10.0.0.2 at B.
# options
#   --wait S       how long ppp0 may take to answer, from A's start      [90]
#   --transfer N   then send N bytes over TCP from B to A, and compare   [0]
#   --stagger S    start B this many seconds after A                     [0]
#   --left 'ADDRESS/BITS GATEWAY PEER'
#   --right '…'    no cable between A and B: their cards are left0 and right0 of the namespace that this runs in
#   --log DIR      folder for a.log, b.log, ping.log, guest.log, result
# exit   0 everything worked   1 it did not   2 usage   3 the guest did not boot   124 hard stop
#        The last line says what and how long.
# needs  root; Debian's user-mode-linux, kmod, ppp, iproute2, iputils-ping, netcat-openbsd; on processors with AMX a C compiler
set -euo pipefail
self=$(readlink -f "$0")
say() { echo "ppp-lab: $1" >&2; }
now() { cut -d' ' -f1 /proc/uptime; }
since() { awk "BEGIN { printf \"%.1f\", $(now) - $1 }"; }

# First process of the guest: a view of the host's files that can be written to, and on in there.
guest() {
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
  mount -t proc proc /proc
  mount -t tmpfs tmpfs /mnt
  mkdir -p /mnt/upper /mnt/work /mnt/root
  insmod "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
  mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
  cd /mnt/root
  mount -t devtmpfs dev dev
  mkdir -p dev/pts dev/shm lab-out usr/lib/modules
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  ln -sf pts/ptmx dev/ptmx
  mount -t proc proc proc
  mount -t sysfs sys sys
  mount -t tmpfs run run
  mount -t hostfs -o "$1" out lab-out
  ln -sfn "/usr/lib/uml/modules/$(uname -r)" "usr/lib/modules/$(uname -r)"
  exec chroot . /bin/bash "$self" --inside
}

# The experiment; /lab-out is the log folder of the host.
inside() {
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
  finish() {
    echo "$1 $2" >/lab-out/result
    sync
    echo o >/proc/sysrq-trigger
    sleep 9
  }
  exec >/lab-out/guest.log 2>&1
  trap 'finish 3 "set-up of the guest failed in line $LINENO"' ERR
  . /lab-out/conf
  ip link set lo up
  modprobe -a ppp_generic ppp_async veth
  ip netns add left
  ip netns add right
  [ -n "$LEFT" ] || ip link add vec0 type veth peer name vec1
  local left right
  read -r -a left <<<"${LEFT:-10.9.0.1/24 - 10.9.0.2}"
  read -r -a right <<<"${RIGHT:-10.9.0.2/24 - 10.9.0.1}"
  card left vec0 "${left[@]}"
  card right vec1 "${right[@]}"
  cd "$CWD"
  trap - ERR
  set +e
  run a left "${left[2]}" 0 &
  run b right "${right[2]}" "$STAGGER" &
  local started
  started=$(now)
  until ip netns exec left ping -n -c 3 -i 0.2 -W 2 10.0.0.2 >/lab-out/ping.log 2>&1; do
    [ "$(since "$started" | cut -d. -f1)" -lt "$WAIT" ] || finish 1 "no answer over ppp0 in $WAIT s"
    sleep 0.2
  done
  local answered rate=""
  answered=$(since "$started")
  if [ "$TRANSFER" -gt 0 ]; then
    head -c "$TRANSFER" /dev/urandom >/run/sent
    ip netns exec right timeout "$WAIT" nc -N -l 10.0.0.2 5001 </run/sent &
    started=$(now)
    until ip netns exec right ss -Hltn sport = 5001 | grep -q .; do sleep 0.1; done
    ip netns exec left timeout "$WAIT" nc 10.0.0.2 5001 </dev/null >/run/received
    sha256sum /run/sent /run/received
    cmp /run/sent /run/received || finish 1 "answered after $answered s, but the transfer brought something else"
    rate=", $TRANSFER bytes over TCP in $(since "$started") s"
  fi
  finish 0 "answered after $answered s$rate"
}
card() {
  ip link set "$2" netns "$1" name eth0
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  ip -n "$1" addr add "$3" dev eth0
  [ "$4" = - ] || ip -n "$1" route add default via "$4"
}
run() {
  local status=0
  sleep "$4"
  PEER=$3 ip netns exec "$2" bash -c "$(cat "/lab-out/$1.cmd")" </dev/null >"/lab-out/$1.log" 2>&1 || status=$?
  echo "status $status" >>"/lab-out/$1.log"
}

case ${1-} in
  --guest) guest "$2" ;;
  --inside) inside ;;
esac

WAIT=90 TRANSFER=0 STAGGER=0 LEFT="" RIGHT="" log=""
while [ $# -gt 2 ]; do
  case $1 in
    --wait) WAIT=$2 ;;
    --transfer) TRANSFER=$2 ;;
    --stagger) STAGGER=$2 ;;
    --left) LEFT=$2 ;;
    --right) RIGHT=$2 ;;
    --log) log=$2 ;;
    *) say "unknown option $1"; exit 2 ;;
  esac
  shift 2
done
[ $# = 2 ] || { say "expected two commands"; exit 2; }
[ -n "$log" ] || { say "expected --log DIR"; exit 2; }
uml=$(command -v linux.uml) || { say "no linux.uml: install user-mode-linux"; exit 3; }
mkdir -p "$log"
log=$(cd "$log" && pwd)
rm -f "$log"/*.log "$log/result"
printf '%s\n' "$1" >"$log/a.cmd"
printf '%s\n' "$2" >"$log/b.cmd"
declare -p WAIT TRANSFER STAGGER LEFT RIGHT | sed 's/^declare -- //' >"$log/conf"
echo "CWD=${PWD@Q} PATH=${PATH@Q}:/usr/sbin:/sbin" >>"$log/conf"
printf '#!/bin/bash\nexec /bin/bash %q --guest %q\n' "$self" "$log" >"$log/init"
chmod +x "$log/init"
cards=()
[ -z "$LEFT" ] || cards=("vec0:transport=raw,ifname=left0,depth=64" "vec1:transport=raw,ifname=right0,depth=64")

# The guest's kernel has room for the registers of AVX-512. Where AMX makes them longer, the host takes nothing back that is not
# whole: what the guest does not know stays as it is.
preload=()
if grep -qw amx_tile /proc/cpuinfo; then
  cc -shared -fPIC -O1 -o "$log/registers.so" -xc - <<'END' || { say "no registers.so: needs a C compiler"; exit 3; }
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

long ptrace(enum __ptrace_request request, ...) {
  va_list list;
  va_start(list, request);
  const int pid = va_arg(list, int);
  void* address = va_arg(list, void*);
  void* data = va_arg(list, void*);
  va_end(list);
  long (*const real)(enum __ptrace_request, ...) = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
  if (request != PTRACE_SETREGSET || (long)address != NT_X86_XSTATE) return real(request, pid, address, data);
  static _Thread_local char whole[64 * 1024];
  const struct iovec* given = data;
  struct iovec all = {whole, sizeof whole};
  if (real(PTRACE_GETREGSET, pid, address, &all) < 0) return -1;
  memcpy(whole, given->iov_base, given->iov_len < all.iov_len ? given->iov_len : all.iov_len);
  return real(PTRACE_SETREGSET, pid, address, &all);
}
END
  preload=("LD_PRELOAD=$log/registers.so")
fi
status=0
env "${preload[@]}" timeout -k 3 $((2 * WAIT + 60)) "$uml" mem=768M rootfstype=hostfs rootflags=/ ro "init=$log/init" quiet \
  con=null con0=null,fd:1 umid="ppp$$" uml_dir="$log/" "${cards[@]}" </dev/null >"$log/console.log" 2>&1 || status=$?
[ "$status" != 124 ] && [ "$status" != 137 ] || { say "hard stop"; exit 124; }
[ -s "$log/result" ] || { tail -5 "$log/console.log" >&2; say "the guest gave no result"; exit 3; }
read -r status text <"$log/result"
echo "$text"
exit "$status"
