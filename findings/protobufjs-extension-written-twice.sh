#!/usr/bin/env bash
# protobufjs 8.8.1 and 7.6.6 (npm), found on the way from gRPC server reflection to a client in JavaScript.
#
# Believed: a descriptor set that protoc wrote, loaded by Root.fromDescriptor and written again by toDescriptor, describes the same files, and the other
#   major version of the same library reads it. Reflection clients rely on it: grpc-js-reflection-client 1.4.2 loads with version 8 and hands the set to
#   @grpc/proto-loader 0.8, which reads it with version 7.
# Behaviour: the written set has each extension twice: where it was declared, and as an ordinary field of the message that it extends, with a number inside
#   that message's extension range. Where the extension has a json_name, as protoc gives to every one in a descriptor set, version 8 names that second field
#   by it (".mark.myMark"), version 7 does not take it for the extension ("my_mark") and refuses the whole set.
# So a service whose contract uses any custom option (google.api.field_behavior, say) cannot be called through such a client once its reflection
# serves complete descriptors, while incomplete ones without json_name work.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --no-audit --no-fund --ignore-scripts --silent pb7@npm:protobufjs@7.6.6 pb8@npm:protobufjs@8.8.1 > /dev/null

cat > seen.js <<'JS'
const descriptors = (name) => ({ Root: require(name).Root, ...require(`${name}/ext/descriptor`) });
const libraries = { 7: descriptors('pb7'), 8: descriptors('pb8') };

// As much of google/protobuf/descriptor.proto as it takes, and a file with a custom option.
const setWith = (jsonName) => ({
  file: [
    {
      name: 'google/protobuf/descriptor.proto', package: 'google.protobuf', syntax: 'proto2',
      messageType: [{ name: 'FieldOptions', extensionRange: [{ start: 1000, end: 536870912 }] }],
    },
    {
      name: 'mark.proto', package: 'mark', syntax: 'proto3', dependency: ['google/protobuf/descriptor.proto'],
      extension: [{ name: 'my_mark', extendee: '.google.protobuf.FieldOptions', number: 1052, label: 1, type: 9, jsonName }],
    },
  ],
});
const encode = ({ FileDescriptorSet }, set) => FileDescriptorSet.encode(FileDescriptorSet.fromObject(set)).finish();
const rewrite = (library, set) => library.Root.fromDescriptor(encode(library, set)).toDescriptor('proto3');

for (const jsonName of [undefined, 'myMark']) {
  for (const [writer, reader] of [[7, 7], [7, 8], [8, 8], [8, 7]]) {
    let result = 'loaded';
    try {
      libraries[reader].Root.fromDescriptor(encode(libraries[writer], rewrite(libraries[writer], setWith(jsonName))));
    } catch (error) {
      result = error.message;
    }
    console.log(`json_name ${jsonName ?? 'unset'}, written by ${writer}, read by ${reader}: ${result}`);
  }
}
const options = rewrite(libraries[8], setWith('myMark')).file.find((file) => file.package === 'google.protobuf').messageType[0];
console.log(`FieldOptions as written: ${options.field.map((field) => `${field.name} = ${field.number}`).join(', ')}`);
JS

diff <(node seen.js) - <<'SEEN'
json_name unset, written by 7, read by 7: loaded
json_name unset, written by 7, read by 8: loaded
json_name unset, written by 8, read by 8: loaded
json_name unset, written by 8, read by 7: loaded
json_name myMark, written by 7, read by 7: loaded
json_name myMark, written by 7, read by 8: loaded
json_name myMark, written by 8, read by 8: loaded
json_name myMark, written by 8, read by 7: duplicate id 1052 in Type .google.protobuf.FieldOptions
FieldOptions as written: .mark.myMark = 1052
SEEN
echo "as described"
