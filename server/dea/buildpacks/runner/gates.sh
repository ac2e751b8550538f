# Tells the DEA which line of a buildpack comes next, and waits where that line has a gate. Sourced by the runner, and
# through BASH_ENV by every bash that a buildpack starts; it changes nothing a script can see but a few __ws_ names.
#
# $WARDENSCOPE_GATES is a folder of the DEA, mounted read-only: `up` and `answer.0…15` are fifos (a read-only mount does
# not stop one from writing into a fifo), and `closed` exists while some line may have to wait. So a line costs one stat
# and one write while nothing is held, and no job, no polling and no second process even when something is.

# __ws_say WORD FILE LINE COMMAND: one line, below PIPE_BUF so that parallel subshells cannot interleave.
__ws_say() {
  local command=${4:0:700}
  printf '%s\x1f%s\x1f%s\x1f%s\x1f%s\n' "$1" "$2" "$3" "${command//$'\n'/$'\x1e'}" "$WARDENSCOPE_BUILDPACK" 2>/dev/null >&"$__ws_up"
}

# __ws_ask FILE LINE COMMAND: takes one of 16 answer fifos (mkdir is the lock), asks, waits for the answer.
__ws_ask() {
  local slot lock=${TMPDIR:-/tmp}/.wardenscope-gates answer
  command -p mkdir -p "$lock" 2>/dev/null
  while :; do
    for slot in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
      command -p mkdir "$lock/$slot" 2>/dev/null && break 2
    done
    command -p sleep 0.05
  done
  __ws_say "$slot" "$@"
  read -r answer <>"$WARDENSCOPE_GATES/answer.$slot"
  command -p rmdir "$lock/$slot" 2>/dev/null
}

# __ws_gate FILE LINE COMMAND: FILE is relative to the buildpack.
__ws_gate() {
  if [[ -e $WARDENSCOPE_GATES/closed ]]; then __ws_ask "$@"; else __ws_say - "$@"; fi
}

# __ws_name FILE: what the DEA calls this file, kept in __ws_own; empty when it is not one of the buildpack's own.
__ws_name() {
  local path=$1
  [[ $path == /* ]] || path=$PWD/$path
  path=${path//\/.\//\/}
  while [[ $path =~ ^(.*)/[^/]+/\.\.(/.*)$ ]]; do path=${BASH_REMATCH[1]}${BASH_REMATCH[2]}; done
  case $path in
    "$WARDENSCOPE_BUILDPACK"/*) __ws_own[$1]=${path#"$WARDENSCOPE_BUILDPACK"/} ;;
    *) __ws_own[$1]= ;;
  esac
}

# __ws_line FILE LINE COMMAND: the DEBUG trap. Always returns 0: a script's `set -e` must not notice us.
#
# Functions inherit our ERR trap by errtrace, which is ours as well: a script that sets an ERR trap of its own gets it as
# bash gives it, in functions only if the script has asked for that itself.
__ws_line() {
  local IFS=$' \t\n'
  [[ $__ws_trap == 0 ]] || return 0
  case $3 in
    set\ *E* | set\ *errtrace*) __ws_errtrace=own ;;
    trap\ *ERR*) [[ ${__ws_errtrace-} ]] || set +E ;;
  esac
  [[ ${__ws_own[$1]+known} ]] || __ws_name "$1"
  if [[ ${__ws_own[$1]} ]]; then __ws_gate "${__ws_own[$1]}" "$2" "$3"; fi
  return 0
}

# __ws_failed STATUS FILE LINE COMMAND LAST: the ERR trap, which bash runs where `set -e` would end a script: not for what
# is tested by if, while, && and ||. `e` says that the shell does end here. LAST is `$_`, which stays as it was.
__ws_failed() {
  local IFS=$' \t\n' ends=
  [[ $- == *e* ]] && ends=e
  [[ ${__ws_own[$2]+known} ]] || __ws_name "$2"
  if [[ ${__ws_own[$2]} ]]; then __ws_say "=$1$ends" "${__ws_own[$2]}" "$3" "$4"; fi
  __ws_trap=0
}
