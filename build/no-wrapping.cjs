// Stands in for wordwrap, which oclif's parser calls for the list in its error of missing arguments. Ours is one line.
module.exports = () => (text) => text
