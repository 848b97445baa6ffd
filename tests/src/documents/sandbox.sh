# Usage: sandbox.sh SCRIPT PLACE AGENT, in namespaces of its own (network, mounts, processes), at the
# root of the repository. What SCRIPT writes to /etc, /usr/local, /var, /run and the repository is
# gone afterwards.
set -eu
script=$1 place=$2 agent=$3
repository=$PWD

mount --make-rprivate /
mount -t tmpfs tmpfs "$place"
cp "$agent" "$place/wardline"
cp "$script" "$place/script"
mount -t sysfs sysfs /sys
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmpfs /run
for directory in /etc /usr/local /var "$repository"; do
    layer="$place/layers$directory"
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay "$directory" \
        -o "lowerdir=$directory,upperdir=$layer/upper,workdir=$layer/work"
done
cd "$repository"

# As after an installation.
mkdir -p target/release /etc/wardline /var/lib/wardline /var/log/wardline
cp "$place/wardline" target/release/wardline
cp "$place/wardline" /usr/local/bin/wardline
cp deploy/wardline.service /etc/systemd/system/
cp deploy/wardline.toml /etc/wardline/
# systemd does not run here: this starts what the unit starts.
cat > /usr/local/bin/systemctl <<'END'
#!/bin/bash
set -eu
unit=/etc/systemd/system/wardline.service
stop() {
    [ -e /run/agent.pid ] || return 0
    kill "$(cat /run/agent.pid)"
    while kill -0 "$(cat /run/agent.pid)" 2>/dev/null; do sleep 0.1; done
    rm /run/agent.pid
}
start() {
    mkdir -p /run/wardline
    # A service manager gives its directories to the service's user.
    if id wardline >/dev/null 2>&1; then
        chown -R wardline: /run/wardline /var/lib/wardline /var/log/wardline
    fi
    setsid $(sed -n 's/^ExecStart=//p' $unit) >/dev/null 2>>/var/log/wardline/agent.log </dev/null &
    echo $! > /run/agent.pid
    for _ in $(seq 150); do
        wardline devices >/dev/null 2>&1 && return 0
        sleep 0.2
    done
    cat /var/log/wardline/agent.log >&2
    return 1
}
case "$1" in
daemon-reload) ;;
enable | start) [ -e /run/agent.pid ] || start ;;
stop | disable) stop ;;
restart) stop; start ;;
reload) $(sed -n 's/^ExecReload=//p' $unit) ;;
*) echo "this stand-in for systemctl does not know $1" >&2; exit 1 ;;
esac
END
chmod +x /usr/local/bin/systemctl

ip link set lo up
for port in clin0 core0 mon0 trunk0; do
    ip link add "$port" type veth peer name "${port}-far"
    ip link set "$port" up
    ip link set "$port-far" up
done

bash "$place/script"
