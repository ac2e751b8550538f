# BASH_ENV of a buildpack's scripts: every bash that runs one of the buildpack's own files reports its lines.
# Any other bash (npm's, a package's) returns from here after one comparison and is not traced.
if [[ -n ${WARDENSCOPE_GATES-} && -p $WARDENSCOPE_GATES/up ]]; then
  __ws_first=$0
  [[ $__ws_first == /* ]] || __ws_first=$PWD/$__ws_first
  if [[ $__ws_first == "$WARDENSCOPE_BUILDPACK"/* ]]; then
    . "${BASH_ENV%/*}/gates.sh"
    declare -A __ws_own
    # Opened for reading too: such an open never blocks and never raises SIGPIPE when the DEA is away.
    exec {__ws_up}<>"$WARDENSCOPE_GATES/up"
    set -TE
    # `$_` is the one thing bash does not restore after a trap; the last command puts it back.
    # Bash runs the DEBUG trap for the ERR trap's own command too, as if the failed one came once more. The redirection is
    # made before that, and its arithmetic says so.
    __ws_trap=0
    trap '{ __ws_failed "$?" "${BASH_SOURCE[0]:-$0}" "$LINENO" "$BASH_COMMAND" "$_"; } 9<&"$((__ws_trap = 1, __ws_up))"' ERR
    trap '__ws_last=$_; __ws_line "${BASH_SOURCE[0]:-$0}" "$LINENO" "$BASH_COMMAND"; : "$__ws_last"' DEBUG
  fi
  unset __ws_first
fi
