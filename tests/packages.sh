#!/bin/sh
# packages.sh - installs the Debian packages that are missing, by apt-get; where that cannot be, names them and goes on.
# packages.sh PACKAGE...       status 0 either way
# packages.sh --has PACKAGE    status 0 if it is there
# A package counts as installed if the program or header that it is needed for is found, whatever installed that.
set -u

program() { command -v "$1" >/dev/null; }

# header COMPILER FILE: does the compiler find this header?
header() {
	# shellcheck disable=SC2086 # a compiler may be of several words
	printf '#if !__has_include(<%s>)\n#error\n#endif\n' "$2" | $1 -E -x c - >/dev/null 2>&1 || [ -e "/usr/include/$2" ]
}

there() {
	case $1 in
	bsdextrautils) program col ;;
	debhelper) program dh ;;
	gnuplot-nox) program gnuplot ;;
	gcc-aarch64-linux-gnu) program aarch64-linux-gnu-gcc ;;
	libc6-dev) header "${CC:-gcc}" stdio.h ;;
	libc6-dev-arm64-cross) header aarch64-linux-gnu-gcc gnu/stubs-lp64.h ;;
	libcmocka-dev) header "${CC:-gcc}" cmocka.h ;;
	libjansson-dev) header "${CC:-gcc}" jansson.h ;;
	liblzma-dev) header "${CC:-gcc}" lzma.h ;;
	libopenmpi-dev) pkg-config --exists ompi-c 2>/dev/null ;;
	libpcre2-dev) header "${CC:-gcc}" pcre2.h ;;
	libzstd-dev) header "${CC:-gcc}" zstd.h ;;
	openmpi-bin) program mpirun ;;
	p7zip-full) program 7z ;;
	python3-torch) python3 -c 'import torch' 2>/dev/null || /usr/bin/python3 -c 'import torch' 2>/dev/null ;;
	qemu-user) program qemu-aarch64 ;;
	sentencepiece) program spm_train ;;
	xz-utils) program xz ;;
	zlib1g-dev) header "${CC:-gcc}" zlib.h ;;
	*) program "$1" ;;
	esac
}

# install PACKAGE...: returns 1 if it cannot, with the reason in $why.
install() {
	why=
	sudo=
	program apt-get || { why="there is no apt-get"; return 1; }
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	if [ -n "$sudo" ] && ! program sudo; then why="this takes root or sudo"; return 1; fi
	echo "installing $*"
	# shellcheck disable=SC2086 # nothing, or sudo
	if $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; then
		return 0
	fi
	why="apt-get failed"
	return 1
}

if [ "${1:-}" = --has ]; then
	there "$2"
	exit
fi
missing=
for package; do there "$package" || missing="$missing $package"; done
# shellcheck disable=SC2086 # a list
[ -z "$missing" ] || install $missing || {
	echo "packages.sh: $why, so these Debian packages, or what is in them, are to be installed by hand:$missing" >&2
	echo "packages.sh: going on with what is there" >&2
}
