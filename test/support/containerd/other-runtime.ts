/**
 * A runtime that runs already, to test on in place of containerds of the tests' own: its socket, and an image with a
 * shell that is on it.
 */
const {CRISP_TEST_ENDPOINT: endpoint, CRISP_TEST_IMAGE: image} = process.env

export const otherRuntime = endpoint && image ? {endpoint, image} : undefined
