#!/bin/sh
# The fence of the process driver (protocol 23), in POSIX sh, because it must become the program that it starts.
#
#   shim.sh start  DIR INSTANCE EPOCH NOTE COMMAND [ARGUMENT...]    becomes COMMAND
#   shim.sh stamp  DIR EPOCH
#   shim.sh signal DIR INSTANCE EPOCH SIGNAL                        to the whole process group
#   shim.sh forget DIR INSTANCE EPOCH                               drops the record of an ended instance
#
# DIR holds `lock`, `epoch` and `instances/INSTANCE` with "pid start-time boot-id epoch NOTE".
# 1. Everything happens under the lock, after the epoch was compared.
# 2. A process is told by pid, start time and boot id; a zombie has ended.
# 3. The record is in place before the program exists: a pause or a crash anywhere leaves no process that nobody knows.
# 4. It may be killed anywhere: `paused-shims.ts` does that to an older one that sleeps with the lock in its hand.
#
# Exits: 0 done (start: it lives already), 3 nothing to signal, 64 usage, 73 cannot write, 74 no lock, 75 fenced.
# Variables carry a prefix, since an assignment to a variable of the program's environment would change that.

set -uf
IFS=' 	
'
_msx_path=${PATH-}
PATH=/usr/local/bin:/usr/bin:/bin${_msx_path:+:$_msx_path}

_msx_enter() { # EPOCH: takes the lock, then compares
  exec 9>>"$_msx_dir/lock"
  flock -w 20 9 || exit 74
  _msx_stamped=0
  if [ -e "$_msx_dir/epoch" ]; then
    read -r _msx_stamped <"$_msx_dir/epoch" || exit 73
  fi
  [ "$_msx_stamped" -le "$1" ] || exit 75
}

_msx_look() { # PID: sets state and start time; false where there is no such process
  read -r _msx_line 2>/dev/null <"/proc/$1/stat" || return 1
  _msx_fields=${_msx_line##*) } # the name before may hold spaces and brackets
  # shellcheck disable=SC2086
  set -- $_msx_fields
  _msx_state=$1
  _msx_since=${20} # field 22; the first here is field 3
}

_msx_recall() { # reads the record; false where there is none of this boot
  [ -e "$_msx_record" ] || return 1
  read -r _msx_pid _msx_start _msx_boot _msx_rest <"$_msx_record" || return 1
  [ "$_msx_boot" = "$_msx_now" ] && [ "$_msx_pid" -gt 1 ]
}

_msx_lives() {
  _msx_recall && _msx_look "$_msx_pid" && [ "$_msx_since" = "$_msx_start" ] || return 1
  case $_msx_state in Z | X | x) return 1 ;; esac
}

[ $# -ge 3 ] || exit 64
_msx_verb=$1
_msx_dir=$2
read -r _msx_now </proc/sys/kernel/random/boot_id || exit 73

case $_msx_verb in
  start)
    [ $# -ge 6 ] || exit 64
    _msx_record=$_msx_dir/instances/$3
    _msx_enter "$4"
    if _msx_lives; then exit 0; fi
    _msx_look $$ || exit 73
    printf '%s %s %s %s %s\n' $$ "$_msx_since" "$_msx_now" "$4" "$5" >"$_msx_record.$$" || exit 73
    mv -f "$_msx_record.$$" "$_msx_record" || exit 73
    exec 9>&-
    shift 5
    PATH=$_msx_path
    exec "$@"
    ;;
  stamp)
    _msx_enter "$3"
    printf '%s\n' "$3" >"$_msx_dir/epoch.$$" || exit 73
    mv -f "$_msx_dir/epoch.$$" "$_msx_dir/epoch" || exit 73
    ;;
  signal)
    [ $# -eq 5 ] || exit 64
    _msx_record=$_msx_dir/instances/$3
    _msx_enter "$4"
    _msx_recall || exit 3
    # Where the leader is gone, its id cannot be given away while the group has members: the group is still ours.
    # Where the id is somebody else's, the group has none.
    if _msx_look "$_msx_pid" && [ "$_msx_since" != "$_msx_start" ]; then exit 3; fi
    kill -s "$5" -- "-$_msx_pid" 2>/dev/null || exit 3
    kill -s CONT -- "-$_msx_pid" 2>/dev/null # who is paused could not hear it
    exit 0
    ;;
  forget)
    [ $# -eq 4 ] || exit 64
    _msx_record=$_msx_dir/instances/$3
    _msx_enter "$4"
    if _msx_lives; then exit 3; fi
    rm -f "$_msx_record"
    ;;
  *) exit 64 ;;
esac
