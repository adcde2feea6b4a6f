// Stands in for grpcurl where that is not installed: it knows nothing of the contract but what the service's reflection says, and prints answers and errors as
// grpcurl 1.9 does.
//
// Usage: node grpcurl.js [-plaintext] [-emit-defaults] [-d JSON] ADDRESS SERVICE/METHOD
'use strict';

const grpc = require('@grpc/grpc-js');
const { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } = require('@bufbuild/protobuf');
const { BinaryReader, BinaryWriter, WireType } = require('@bufbuild/protobuf/wire');
const { FileDescriptorProtoSchema, FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');

const DETAILS = [
  'google.rpc.ErrorInfo', 'google.rpc.BadRequest', 'google.rpc.RetryInfo', 'google.rpc.Status',
  'resourceservice.v1.Refusal', 'resourceservice.v1.RefusalSummary',
];

function readArguments(words) {
  const options = { data: '', emitDefaults: false };
  while (words[0].startsWith('-')) {
    const option = words.shift();
    if (option === '-d') options.data = words.shift();
    else if (option === '-emit-defaults') options.emitDefaults = true;
    else if (option !== '-plaintext') throw new Error(`the stand-in for grpcurl does not know ${option}`);
  }
  if (words.length !== 2 || !words[1].includes('/')) throw new Error(`the stand-in for grpcurl can only call methods, not: ${words.join(' ')}`);
  return { ...options, address: words[0], method: words[1] };
}

/** The fields of a message without its description: pairs of number and bytes, those that are not bytes left out. */
function* lengthDelimited(bytes) {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) yield [number, reader.bytes()];
    else reader.skip(type, number);
  }
}

/** Asks for symbols with the files that describe them: field 4 of the request, and field 1 in field 4 of the answer. */
function reflect(client, symbols) {
  return new Promise((resolve, reject) => {
    const files = new Map();
    const call = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', (bytes) => bytes, (bytes) => bytes, new grpc.Metadata());
    call.on('error', reject);
    call.on('end', () => resolve(files));
    call.on('data', (answer) => {
      for (const [kind, response] of lengthDelimited(answer)) {
        if (kind === 7) reject(new Error(`reflection does not know all of ${symbols}: ${response}`));
        if (kind !== 4) continue;
        for (const [, bytes] of lengthDelimited(response)) {
          const file = fromBinary(FileDescriptorProtoSchema, bytes);
          files.set(file.name, file);
        }
      }
    });
    for (const symbol of symbols) call.write(Buffer.from(new BinaryWriter().uint32(4 << 3 | 2).string(symbol).finish()));
    call.end();
  });
}

/** All files, each behind those that it imports. */
function inOrder(files) {
  const ordered = new Set();
  const add = (name) => {
    const file = files.get(name);
    if (!file) throw new Error(`reflection names ${name} and does not send it`);
    file.dependency.forEach(add);
    ordered.add(file);
  };
  [...files.keys()].forEach(add);
  return create(FileDescriptorSetSchema, { file: [...ordered] });
}

/** As grpcurl prints a message: fields by number, maps by key, and with defaults null for messages that are not there. */
function arranged(description, json, emitDefaults) {
  if (json === null || typeof json !== 'object' || description.typeName.startsWith('google.protobuf.')) return json;
  const result = {};
  for (const field of [...description.fields].sort((a, b) => a.number - b.number)) {
    const value = json[field.jsonName];
    const message = field.message;
    if (value === undefined) {
      if (emitDefaults && field.fieldKind === 'message' && !field.oneof) result[field.jsonName] = null;
    } else if (field.fieldKind === 'map') {
      const keys = Object.keys(value).sort((a, b) => (field.mapKey === 9 ? (a < b ? -1 : 1) : Number(a) - Number(b)));
      result[field.jsonName] = Object.fromEntries(keys.map((key) => [key, message ? arranged(message, value[key], emitDefaults) : value[key]]));
    } else if (field.fieldKind === 'list') {
      result[field.jsonName] = message ? value.map((item) => arranged(message, item, emitDefaults)) : value;
    } else {
      result[field.jsonName] = message ? arranged(message, value, emitDefaults) : value;
    }
  }
  return result;
}

/** Masks as JSON has them, in one text: grpcurl takes them as messages with paths. */
function withMasks(description, json) {
  for (const field of description.fields) {
    const name = [field.name, field.jsonName].find((candidate) => json[candidate] !== undefined);
    if (field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.FieldMask' && name) {
      json[name] = json[name].paths.map((path) => path.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())).join(',');
    }
  }
  return json;
}

function printError(registry, error) {
  const lines = ['ERROR:', `  Code: ${codeName(error.code)}`, `  Message: ${error.details}`];
  const [trailer] = error.metadata.get('grpc-status-details-bin');
  if (trailer) {
    lines.push('  Details:');
    const status = fromBinary(registry.getMessage('google.rpc.Status'), trailer);
    status.details.forEach((detail, index) => {
      const name = detail.typeUrl.slice(detail.typeUrl.lastIndexOf('/') + 1);
      const description = registry.getMessage(name);
      if (!description) throw new Error(`reflection does not know the detail ${name}`);
      const json = arranged(description, toJson(description, fromBinary(description, detail.value), { registry }), false);
      const sorted = Object.fromEntries(Object.entries({ '@type': detail.typeUrl, ...json }).sort(([a], [b]) => (a < b ? -1 : 1)));
      const text = JSON.stringify(sorted, null, 2).split('\n').join('\n    \t');
      lines.push(`  ${index + 1})\t${text}`);
    });
  }
  console.log(lines.join('\n'));
}

/** RESOURCE_EXHAUSTED as Go names it, ResourceExhausted. */
const codeName = (code) => grpc.status[code].split('_').map((word) => word[0] + word.slice(1).toLowerCase()).join('');

async function main() {
  const { address, method: path, data, emitDefaults } = readArguments(process.argv.slice(2));
  const [service, name] = path.split('/');
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  const registry = createFileRegistry(inOrder(await reflect(client, [service, ...DETAILS])));
  const method = registry.getService(service).methods.find((candidate) => candidate.name === name);
  const requests = (data ? data.split('\n').filter((line) => line.trim()) : ['{}'])
    .map((line) => fromJson(method.input, withMasks(method.input, JSON.parse(line)), { registry }));

  const call = client.makeBidiStreamRequest(
    `/${path}`, (message) => Buffer.from(toBinary(method.input, message)), (bytes) => fromBinary(method.output, bytes),
    new grpc.Metadata(), { deadline: Date.now() + 20_000 });
  call.on('data', (message) => {
    const json = toJson(method.output, message, { registry, alwaysEmitImplicit: emitDefaults });
    console.log(JSON.stringify(arranged(method.output, json, emitDefaults), null, 2));
  });
  call.on('error', (error) => {
    printError(registry, error);
    process.exitCode = 64 + error.code;
  });
  call.on('end', () => client.close());
  requests.forEach((request) => call.write(request));
  call.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
