// Stands in for packages that a dependency loads and our use of it never calls: loading them costs more than a call.
module.exports = {}
