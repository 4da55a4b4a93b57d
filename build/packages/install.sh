#!/bin/sh
# Installs crisp from a release: its files in a directory, or at a URL. For any POSIX shell. Downloads nothing else,
# asks nothing, and changes nothing until all has been checked.
set -eu

usage() {
  cat <<'TEXT'
sh install.sh [--from DIRECTORY|URL] [--prefix DIRECTORY] [--key FILE] [--builds] [--remove]

  --from     where the release is: a directory, or a URL. By default CRISP_URL, or the
             directory of this script
  --prefix   where to: bin/crisp, share/man and so on below it. By default /usr/local for
             root, and ~/.local for others
  --key      a public key; SHA256SUMS must then be signed by it: with minisign
             (SHA256SUMS.minisig) or cosign (SHA256SUMS.sig)
  --builds   also the files for nodes with another processor
  --remove   remove what was installed below the prefix
TEXT
}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

# The value of an option that needs one.
value() {
  [ "$2" -gt 1 ] || fail "$1 needs a value"
}

main() {
  from=${CRISP_URL:-}
  prefix=
  key=
  builds=
  remove=
  while [ $# -gt 0 ]; do
    case $1 in
      --from) value "$1" $#; from=$2; shift ;;
      --prefix) value "$1" $#; prefix=$2; shift ;;
      --key) value "$1" $#; key=$2; shift ;;
      --builds) builds=1 ;;
      --remove) remove=1 ;;
      -h | --help) usage; exit ;;
      *) fail "there is no $1: --help says what there is" ;;
    esac
    shift
  done
  umask 022
  choose_prefix
  if [ -n "$remove" ]; then
    remove_all
    exit
  fi
  choose_source
  build=$(build_for_machine)
  stage_all
  put_in_place
}

choose_prefix() {
  if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then
      prefix=/usr/local
    else
      [ -n "${HOME:-}" ] || fail 'HOME is not set: say where to with --prefix'
      prefix=$HOME/.local
    fi
  fi
  case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
}

choose_source() {
  if [ -z "$from" ]; then
    from=$(dirname -- "$0")
    [ -f "$from/SHA256SUMS" ] || fail 'where is the release? --from DIRECTORY, --from URL, or CRISP_URL'
  fi
  case $from in
    *://*) command -v curl >/dev/null || command -v wget >/dev/null ||
      fail 'neither curl nor wget is here: bring the files of the release and say --from DIRECTORY' ;;
    *) [ -d "$from" ] || fail "$from is not a directory" ;;
  esac
}

# The name of the build that runs here.
build_for_machine() {
  [ "$(uname -s)" = Linux ] || fail "there is no build for $(uname -s): use the package for npm"
  machine=$(uname -m)
  case $machine in
    x86_64 | amd64)
      loader=/lib64/ld-linux-x86-64.so.2
      if grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo; then name=linux-x64; else name=linux-x64-baseline; fi
      ;;
    aarch64 | arm64)
      loader=/lib/ld-linux-aarch64.so.1
      name=linux-arm64
      ;;
    *) fail "there is no build for $machine: use the package for npm" ;;
  esac
  [ -e "$loader" ] || fail "there is no build for a system without glibc ($loader), such as one with musl: use the package for npm"
  echo "$name"
}

# All that is to be installed, checked, in a directory beside the places where it goes.
stage_all() {
  error=$(mkdir -p "$prefix" 2>&1) || fail "$prefix cannot be made: ${error##*: }"
  stage=$(mktemp -d "$prefix/.crisp-install.XXXXXX" 2>/dev/null) ||
    fail "$prefix cannot be written to: run this as root, or choose another place with --prefix"
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM

  fetch SHA256SUMS
  [ -z "$key" ] || check_signature
  ending=tar.gz
  if command -v xz >/dev/null; then ending=tar.xz; fi
  take "crisp-[0-9][0-9A-Za-z.+~-]*-$build\\.$ending"
  tree=$stage/${archive%".$ending"}
  error=$("$tree/bin/crisp" --version 2>&1) || fail "the program does not run here: $error"
  if [ -n "$builds" ]; then
    take 'crisp-builds-[0-9][0-9A-Za-z.+~-]*\.tar'
    cp -R "$stage/${archive%.tar}/lib" "$tree/" 2>/dev/null || fail "the files for other nodes do not fit into $prefix"
    rm -rf "${stage:?}/${archive%.tar}"
  fi
}

# Gets the one archive of that name, checks and unpacks it.
take() {
  line=$(grep -E "^[0-9a-f]{64}  $1\$" "$stage/SHA256SUMS") || fail "this release has no file for $build"
  [ "$(echo "$line" | wc -l)" -eq 1 ] || fail 'this release has files of several versions'
  archive=${line#*  }
  fetch "$archive"
  echo "$line" >"$stage/sum"
  (cd "$stage" && sum -c sum) >/dev/null 2>&1 || fail "$archive is not what SHA256SUMS says: it is damaged, or not of this release"
  case $archive in
    *.xz) how=-xJf ;;
    *.gz) how=-xzf ;;
    *) how=-xf ;;
  esac
  error=$(cd "$stage" && tar "$how" "$archive" 2>&1) || fail "$archive cannot be unpacked below $prefix: $(last_line "$error")"
  rm -f "$stage/$archive"
}

sum() {
  if command -v sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

fetch() {
  case $from in
    *://*)
      if command -v curl >/dev/null; then
        error=$(curl -fsSL -o "$stage/$1" "$from/$1" 2>&1) || fail "$from/$1 cannot be had: $(last_line "$error")"
      else
        error=$(wget -q -O "$stage/$1" "$from/$1" 2>&1) || fail "$from/$1 cannot be had: $(last_line "${error:-wget failed}")"
      fi
      ;;
    *)
      [ -f "$from/$1" ] || fail "$1 is not in $from"
      error=$(cp "$from/$1" "$stage/$1" 2>&1) || fail "$1 cannot be copied to $prefix: $(last_line "$error")"
      ;;
  esac
}

last_line() {
  echo "$1" | tail -n 1
}

check_signature() {
  [ -f "$key" ] || fail "$key is not a file"
  if grep -q 'BEGIN PUBLIC KEY' "$key"; then
    command -v cosign >/dev/null || fail 'cosign is not here, which checks signatures by this key'
    fetch SHA256SUMS.sig
    cosign verify-blob --key "$key" --signature "$stage/SHA256SUMS.sig" "$stage/SHA256SUMS" >/dev/null 2>&1
  else
    command -v minisign >/dev/null || fail 'minisign is not here, which checks signatures by this key'
    fetch SHA256SUMS.minisig
    minisign -Vqm "$stage/SHA256SUMS" -x "$stage/SHA256SUMS.minisig" -p "$key" >/dev/null 2>&1
  fi || fail "SHA256SUMS is not signed by $key"
}

# Each file takes its place at once, the program as the last one.
put_in_place() {
  (cd "$tree" && find . -type f) | sed 's|^\./||' | grep -v '^bin/' >"$stage/files"
  while IFS= read -r path; do place "$path"; done <"$stage/files"
  place bin/crisp
  version=$("$prefix/bin/crisp" --version)
  version=${version#crisp version }
  # Files for other nodes are of use to the crisp of their version only.
  for folder in "$prefix"/lib/crisp/builds/*; do
    [ "${folder##*/}" = "$version" ] || rm -rf "$folder"
  done
  echo "$version is installed: $prefix/bin/crisp"
  case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "$prefix/bin is not on the PATH" ;;
  esac
}

place() {
  error=$(mkdir -p "$(dirname "$prefix/$1")" 2>&1 && mv -f "$tree/$1" "$prefix/$1" 2>&1) ||
    fail "$prefix/$1 cannot be written: ${error##*: }"
}

remove_all() {
  [ -e "$prefix/bin/crisp" ] || fail "there is no $prefix/bin/crisp"
  rm -rf "$prefix/bin/crisp" "$prefix/share/man/man1/crisp.1" "$prefix"/share/man/man1/crisp-*.1 \
    "$prefix/share/bash-completion/completions/crisp" "$prefix/share/zsh/site-functions/_crisp" \
    "$prefix/share/fish/vendor_completions.d/crisp.fish" "$prefix/share/doc/crisp" "$prefix/share/doc/crisp-builds" \
    "$prefix/lib/crisp" 2>/dev/null || fail "$prefix cannot be changed: run this as the one who installed it"
  echo "removed from $prefix"
}

# The last line: of a script that was cut short, nothing runs.
main "$@"
