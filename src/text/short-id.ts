const shownLength = 13

/** An ID or digest without its algorithm. */
export function hexOf(id: string): string {
  return id.startsWith('sha256:') || id.startsWith('sha512:') ? id.slice('sha256:'.length) : id
}

/** Its first 13 characters, as crictl cuts them. */
export function shortId(id: string): string {
  return hexOf(id).slice(0, shownLength)
}

/** The same for an image as a container names it: only a real digest is cut, `busybox:1.36` stays whole. */
export function shortImage(image: string): string {
  if (image.length < 64) return image
  return /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|[0-9a-f]{64})$/.test(image) ? shortId(image) : image
}
