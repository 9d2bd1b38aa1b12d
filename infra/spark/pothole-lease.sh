#!/bin/sh
# Shuts this node down when the run that started it is heard of no more. pothole-lease.timer calls it every minute.
#
# The run writes the end of its lease (seconds since 1970, by this node's clock) into the lease file again and again.
# Without any lease the node lives for a grace after boot. To keep a node up by hand for an hour:
#   echo $(( $(date +%s) + 3600 )) > /run/pothole/lease
set -eu
file=${POTHOLE_LEASE_FILE:-/run/pothole/lease}
grace_minutes=${POTHOLE_LEASE_GRACE_MINUTES:-30}
shutdown=${POTHOLE_SHUTDOWN:-shutdown -h now}

[ -d "$(dirname "$file")" ] || install -d -m 0777 "$(dirname "$file")"
now=$(date +%s)
uptime=$(cut -d. -f1 /proc/uptime)
expiry=$(cat "$file" 2>/dev/null || true)
case $expiry in
  '' | *[!0-9]*)
    [ "$uptime" -lt $((grace_minutes * 60)) ] && exit 0
    reason="no run has asked for this node since boot"
    ;;
  *)
    [ "$now" -lt "$expiry" ] && exit 0
    reason="the run was last heard of too long ago: its lease ended $((now - expiry)) s ago"
    ;;
esac
echo "pothole-lease: shutting down, $reason"
exec $shutdown
