# A worker: listens on nothing, so push it without a route (cf push --no-route) and it is RUNNING at once.
trap 'echo "asked to stop, stopping"; exit 0' TERM
echo "working in $(hostname) as $(whoami)"
n=0
while :; do
  n=$((n + 1))
  echo "piece of work $n"
  sleep "${PAUSE:-5}" &
  wait $!
done
