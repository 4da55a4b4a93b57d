// Stands in for protobufjs/ext/descriptor. proto-loader describes every type to itself for server reflection, which
// a client has no use for and which costs a good part of its start.
const protobuf = require('protobufjs')

const nothing = {$type: {toObject: () => ({})}}

protobuf.Root.prototype.toDescriptor = () => ({file: []})
protobuf.Type.prototype.toDescriptor = () => nothing
protobuf.Enum.prototype.toDescriptor = () => nothing
