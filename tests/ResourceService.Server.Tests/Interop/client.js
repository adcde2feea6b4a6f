// Calls the service as a Node.js program does: from the .proto files, and from what reflection tells.
// Usage: node client.js ADDRESS PROTOS
'use strict';
const assert = require('node:assert');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');
const { GrpcReflection } = require('grpc-js-reflection-client');

const [address, protos] = process.argv.slice(2);
const credentials = grpc.credentials.createInsecure();
const options = { includeDirs: [protos], longs: Number, enums: String };

const call = (client, method, request) => new Promise((resolve, reject) => {
  client[method](request, { deadline: Date.now() + 20_000 }, (error, answer) => (error ? reject(error) : resolve(answer)));
});

const stream = (duplex, requests) => new Promise((resolve, reject) => {
  const answers = [];
  duplex.on('data', (answer) => answers.push(answer)).on('end', () => resolve(answers)).on('error', reject);
  requests.forEach((request) => duplex.write(request));
  duplex.end();
});

async function main() {
  const definition = protoLoader.loadSync(['node_service.proto', 'claim_service.proto'].map((name) => `resourceservice/v1/${name}`), options);
  const contract = grpc.loadPackageDefinition(definition).resourceservice.v1;
  const nodes = new contract.NodeService(address, credentials);
  const claims = new contract.ClaimService(address, credentials);
  const { node } = await call(nodes, 'registerNode', {
    nodeId: 'js-node',
    inventories: { VCPU: { total: 8, allocationRatio: 2 }, MEMORY_MB: { total: 4096, reserved: 512 } },
    traits: ['HW_CPU_X86_AVX2'],
  });
  assert.strictEqual(node.usage.VCPU.capacity, 16);
  assert.strictEqual(node.state, 'NODE_STATE_ENABLED');

  const request = {
    requestId: '6f1d6a0e-8a4b-4b8e-9d60-000000000001',
    instance: { instanceId: 'js-instance' },
    nodeId: 'js-node',
    resources: { resources: { VCPU: 2, MEMORY_MB: 1024 } },
  };
  const first = await call(claims, 'claimInstance', request);
  assert.strictEqual(first.claim.state, 'CLAIM_STATE_HELD');
  assert.deepStrictEqual(await call(claims, 'claimInstance', request), first);

  const reflection = new GrpcReflection(address, credentials);
  const services = await reflection.listServices();
  assert.ok(services.includes('resourceservice.v1.ClaimService'), `reflection lists ${services}`);
  const described = (await reflection.getDescriptorBySymbol('resourceservice.v1.ClaimService')).getPackageObject({ enums: String });
  const discovered = new described.resourceservice.v1.ClaimService(address, credentials);
  const confirmed = await call(discovered, 'confirmClaim', { claim_id: first.claim.claimId });
  assert.strictEqual(confirmed.claim.state, 'CLAIM_STATE_ACTIVE');

  const refused = await call(claims, 'claimInstance', { instance: { instanceId: 'js-big' }, nodeId: 'js-node', resources: { resources: { VCPU: 15 } } })
    .then(() => assert.fail('15 of 14 VCPU were claimed'), (error) => error);
  assert.strictEqual(refused.code, grpc.status.RESOURCE_EXHAUSTED);
  const details = refused.metadata.get('grpc-status-details-bin')[0].toString('latin1');
  assert.ok(details.includes('google.rpc.ErrorInfo') && details.includes('resourceservice.v1.Refusal'), details);

  const streamed = await stream(claims.streamClaims(), [1, 2, 3].map((i) => ({
    request: {
      requestId: `6f1d6a0e-8a4b-4b8e-9d60-00000000001${i}`,
      instance: { instanceId: `js-streamed-${i}` },
      nodeId: 'js-node',
      resources: { resources: { VCPU: 1 } },
    },
  })));
  assert.strictEqual(streamed.filter((answer) => answer.claim).length, 3);
  assert.strictEqual((await call(nodes, 'getNode', { nodeId: 'js-node' })).node.usage.VCPU.used, 5);
  console.log('all well');
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
