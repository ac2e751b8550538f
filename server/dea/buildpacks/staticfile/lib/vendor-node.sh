# vendor_node VENDOR BUILD_DIR: copies node (and the libraries that this stack lacks) to BUILD_DIR/vendor/node.

vendor_node() {
  local vendor=$1 build_dir=$2 target=$2/vendor/node
  if [[ ! -x $vendor/node/bin/node ]]; then
    echo " !     The DEA has put no Node.js into $vendor"
    return 1
  fi
  mkdir -p "$target/bin"
  cp "$vendor/node/bin/node" "$target/bin/node"
  if ! "$target/bin/node" --version > /dev/null 2>&1; then
    # The stack is not the one that node was built for: bring the libraries too, all but the C library's own.
    cp -R "$vendor/node/lib" "$target/lib"
    export LD_LIBRARY_PATH=$target/lib
    if ! "$target/bin/node" --version; then
      echo ' !     This Node.js does not run in this stack, not even with its own libraries'
      return 1
    fi
  fi
  echo "-----> Vendoring Node.js $("$target/bin/node" --version) into vendor/node"
  mkdir -p "$build_dir/.profile.d"
  {
    echo 'export PATH="$HOME/vendor/node/bin:$HOME/bin:$HOME/node_modules/.bin:$PATH"'
    if [[ -d $target/lib ]]; then echo 'export LD_LIBRARY_PATH="$HOME/vendor/node/lib"'; fi
    echo 'export NODE_ENV="${NODE_ENV:-production}"'
  } > "$build_dir/.profile.d/nodejs.sh"
  export PATH="$target/bin:$PATH"
}
