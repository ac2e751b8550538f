# install_dependencies VENDOR BUILD_DIR CACHE_DIR: npm ci, or npm install without a lock file; nothing to install, no npm.

install_dependencies() {
  local vendor=$1 build_dir=$2 cache_dir=$3 how=install count
  count=$(node -p '
    const pkg = JSON.parse(require("fs").readFileSync(process.argv[1] + "/package.json", "utf8"));
    Object.keys(pkg.dependencies || {}).length
  ' "$build_dir")
  if [[ $count == 0 ]]; then
    echo '-----> package.json asks for no dependencies'
    return 0
  fi
  if [[ -d $build_dir/node_modules ]]; then
    echo '-----> Using the node_modules that came with the app'
    return 0
  fi
  if [[ ! -f $vendor/npm/bin/npm-cli.js ]]; then
    echo " !     $count dependencies, but the DEA has put no npm into $vendor: push node_modules with the app"
    return 1
  fi
  if [[ -f $build_dir/package-lock.json || -f $build_dir/npm-shrinkwrap.json ]]; then how=ci; fi
  echo "-----> Installing $count dependencies: npm $how"
  export npm_config_cache=$cache_dir/npm npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
  if ! (cd "$build_dir" && node "$vendor/npm/bin/npm-cli.js" "$how" --omit=dev --prefer-offline --no-progress 2>&1 | indent); then
    echo ' !     npm could not install them: is a registry in reach of this container? Else push node_modules with the app'
    return 1
  fi
}

indent() {
  local line
  while IFS= read -r line; do
    echo "       $line"
  done
}
