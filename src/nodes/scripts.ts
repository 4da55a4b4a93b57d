import {markStart} from './marks.js'

// What is run on a node is sent to a plain sh on its stdin: no shell of the user's reads more than the command below,
// which is the same to all of them, and no argument is seen in a list of processes.

/** Reads one line, and all that it does stands there. */
const sh = `/bin/sh -c 'IFS= read -r s && eval "$s"'`

/** For the user's shell there: sh, csh and fish take these words alike. */
export function shellCommand(sudo: boolean): string {
  return sudo ? `exec sudo -n -H ${sh}` : `exec ${sh}`
}

/** Of what the scripts below say, beside `begin` and `end`. */
export const scriptWord = /^(absent|none|send|bad|full|unfit|kept|nowhere|of|copy|gone|done)( |$)/

export interface RunScript {
  nonce: string
  /** A program that is there; otherwise one of those below. */
  program: string | undefined
  /** Names of standalone files by what `uname -m` says, and of the package. */
  x64: readonly string[]
  arm64: readonly string[]
  everywhere: readonly string[]
  ordersBytes: number
}

/**
 * Runs the program with its orders, which follow; `begin` and `end CODE` on stdout and stderr hold what it prints.
 * Where there is none: `absent MACHINE LIBC AVX2 NODE`, or `none`.
 */
export function runScript({nonce, program, x64, arm64, everywhere, ordersBytes}: RunScript): string {
  const run = `k() { s begin; s begin >&2; "$@" __node ${ordersBytes}; r=$?; s "end $r"; s "end $r" >&2; exit 0; };`
  if (program !== undefined)
    return oneLine(
      `${say(nonce)} ${run} x=${quote(program)}; if [ -f "$x" ] && [ -x "$x" ]; then k "$x"; else s none; fi`,
    )
  return oneLine(`
    ${say(nonce)} ${run} ${places}
    m=$(uname -m);
    case $m in
      x86_64|amd64) f=${quote(x64.join(' '))};;
      aarch64|arm64) f=${quote(arm64.join(' '))};;
      *) f=;;
    esac;
    for d in $PLACES; do
      enter "$d" || continue;
      for x in $f ${everywhere.join(' ')}; do
        if [ -f "./$x" ]; then k "./$x"; fi;
        if [ -f "./$x/bin/run.js" ]; then k node -- "./$x/bin/run.js"; fi;
      done;
    done;
    l=glibc; for x in /lib/ld-musl-*; do if [ -e "$x" ]; then l=musl; fi; done;
    if grep -qw avx2 /proc/cpuinfo 2>/dev/null; then a=avx2; else a=-; fi;
    v=$(node --version 2>/dev/null) || v=-;
    s "absent $m $l $a $v"`)
}

export interface DeliveryScript {
  nonce: string
  name: string
  sha256: string
  /** Places that were tried already. */
  skip: number
}

/**
 * Takes a standalone file in. Says `send NUMBER gzip` or `send NUMBER plain`, and then wants the content; `bad sum`,
 * `full NUMBER`, `unfit WORDS` or `kept PATH` at the end, `nowhere` where no place will do.
 */
export function fileDelivery(delivery: DeliveryScript): string {
  const {sha256} = delivery
  return receive(
    delivery,
    `
      if printf '#!/bin/sh\\n' 2>/dev/null > "$t" && chmod 700 "$t" && "$t" 2>/dev/null; then :; else
        rm -f "$t"; continue;
      fi;
      if command -v gzip >/dev/null; then z='gzip -dc'; s "send $i gzip"; else z=cat; s "send $i plain"; fi;
      if $z 2>/dev/null > "$t"; then :; else rm -f "$t"; s "full $i"; exit 0; fi;
      h=$(sha256sum < "$t" 2>/dev/null || shasum -a 256 < "$t" 2>/dev/null || openssl dgst -sha256 -r < "$t");
      case $h in
        ${sha256}*) ;;
        *) rm -f "$t"; s "bad sum"; exit 0;;
      esac;
      if o=$("$t" --version 2>&1); then :; else
        rm -f "$t"; s "unfit $(printf %s "$o" | head -n 1)"; exit 0;
      fi;`,
  )
}

/** The same for the package. */
export function packageDelivery(delivery: DeliveryScript): string {
  return receive(
    delivery,
    `
      rm -rf "$t"; mkdir "$t" 2>/dev/null || continue;
      s "send $i gzip";
      node -e ${quote(unpack)} "$t" ${delivery.sha256} 2>/dev/null;
      case $? in
        0) ;;
        9) rm -rf "$t"; s "bad sum"; exit 0;;
        *) rm -rf "$t"; s "full $i"; exit 0;;
      esac;
      if o=$(NODE_DISABLE_COMPILE_CACHE=1 node -- "$t/bin/run.js" --version 2>&1); then :; else
        rm -rf "$t"; s "unfit $(printf %s "$o" | head -n 1)"; exit 0;
      fi;`,
  )
}

/** In a program of Node's, since only that is sure to be there. No apostrophe may be in it. */
const unpack = [
  'const fs = require("fs"), path = require("path"), chunks = [];',
  'const [, folder, sum] = process.argv;',
  'process.stdin.on("data", (chunk) => chunks.push(chunk)).on("end", () => {',
  'const hash = require("crypto").createHash("sha256");',
  'for (const [name, text] of JSON.parse(require("zlib").gunzipSync(Buffer.concat(chunks)))) {',
  'const content = Buffer.from(text, "latin1");',
  'hash.update(name + "\\0" + content.length + "\\0").update(content);',
  'const file = path.join(folder, name);',
  'fs.mkdirSync(path.dirname(file), {recursive: true});',
  'fs.writeFileSync(file, content);',
  '}',
  'process.exit(hash.digest("hex") === sum ? 0 : 9);',
  '})',
].join(' ')

/** `take` makes "$t" of what is sent, which is renamed when it is whole. */
function receive({nonce, name, skip}: DeliveryScript, take: string): string {
  return oneLine(`
    ${say(nonce)} ${places} umask 077; i=0; n=${name};
    for d in $PLACES; do
      i=$((i+1)); if [ $i -le ${skip} ]; then continue; fi;
      mkdir -p "$d" 2>/dev/null; enter "$d" || continue;
      t=./.new-$$;
      ${take}
      rm -rf "./$n"; mv -f "$t" "./$n" || { rm -rf "$t"; s "full $i"; exit 0; };
      find . -maxdepth 1 -name "crisp-*" ! -name "$n" -mtime +${keptDays} -exec rm -rf {} + 2>/dev/null;
      find . -maxdepth 1 -name ".new-*" -mmin +60 -exec rm -rf {} + 2>/dev/null;
      s "kept $PWD"; exit 0;
    done;
    s nowhere`)
}

/** Says `of NOW USER`, `copy NAME HEAD KILOBYTES SECONDS DIRECTORY` for each that lies there, and `done`. */
export function listCopies(nonce: string): string {
  return oneLine(`
    ${say(nonce)} ${places} s "of $(date +%s) $(id -un)";
    for d in $PLACES; do
      enter "$d" || continue;
      for x in crisp-*; do
        if [ -d "$x" ]; then h=directory;
        elif [ -f "$x" ]; then h=$(od -An -tx1 -j18 -N2 "$x" | tr -d ' \n');
        else continue; fi;
        k=$(du -sk "$x");
        s "copy $x \${h:--} \${k%%[!0-9]*} $(stat -c %Y "$x") $PWD";
      done;
    done;
    s done`)
}

/** Says `gone DIRECTORY` for each, and `done`. */
export function removeCopies(nonce: string): string {
  return oneLine(`
    ${say(nonce)} ${places}
    for d in $PLACES; do
      enter "$d" || continue;
      rm -rf ./crisp-* ./.new-*; p=$PWD;
      cd / && rmdir "$p" 2>/dev/null && s "gone $p";
    done;
    s done`)
}

/** Another version goes when none of that age was delivered, and a new one comes. */
const keptDays = 7

/**
 * Where the program may lie: in the user's cache, or what stands in for it. A place counts as long as it is a directory,
 * and no link, which belongs to the user and which nobody else can look into; all is done from inside, so that it can't
 * be exchanged any more.
 */
const places = `
  u=$(id -u);
  enter() {
    if [ -d "$1" ] && [ ! -L "$1" ] && cd -P "$1" 2>/dev/null && [ -O . ]; then
      case $(ls -ldn .) in drwx------*) return 0;; esac;
    fi;
    return 1;
  };`

function say(nonce: string): string {
  return `s() { printf '%s%s\\n' ${quote(markStart(nonce))} "$1"; };`
}

const placeList = `"\${XDG_CACHE_HOME:-\${HOME:-/}/.cache}/crisp-node" "/var/tmp/crisp-node-$u" "/tmp/crisp-node-$u" "/dev/shm/crisp-node-$u"`

function oneLine(script: string): string {
  return script
    .replaceAll('$PLACES', () => placeList)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
