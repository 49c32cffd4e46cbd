// The JavaScript client (npm `@kubernetes/client-node`) against `tabernetes serve`: create, patch, watch,
// informer, log and exec. Exits with an error at the first thing that is not as it should be.

import { isDeepStrictEqual } from 'node:util';
import { PassThrough } from 'node:stream';
import { createRequire } from 'node:module';

const require = createRequire(process.argv[3] + '/');
const k8s = require('@kubernetes/client-node');

const config = new k8s.KubeConfig();
config.loadFromFile(process.argv[2]);
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'node';

function same(what, got, wanted) {
  if (!isDeepStrictEqual(got, wanted)) {
    console.error(`${what}: ${JSON.stringify(got)}, but should be ${JSON.stringify(wanted)}`);
    process.exit(1);
  }
  console.log(`ok  ${what}`);
}

setTimeout(() => { console.error('too slow'); process.exit(1); }, 120000).unref();

await core.createNamespace({ body: { metadata: { name: namespace } } });
const body = { metadata: { name: 'a', labels: { of: 'node' } }, data: { k: '1' } };

const seen = [];
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
  () => core.listNamespacedConfigMap({ namespace }));
const told = new Promise((resolve) => {
  const note = (kind) => (object) => {
    if (object.metadata.name === 'a') seen.push(kind);
    if (kind === 'delete') resolve();
  };
  for (const kind of ['add', 'update', 'delete']) informer.on(kind, note(kind));
});
await informer.start();

const made = await core.createNamespacedConfigMap({ namespace, body });
same('create', made.data, { k: '1' });
const patch = [{ op: 'add', path: '/data/l', value: '2' }];
const patched = await core.patchNamespacedConfigMap({ name: 'a', namespace, body: patch });
same('patch', patched.data, { k: '1', l: '2' });
await core.deleteNamespacedConfigMap({ name: 'a', namespace });
await told;
same('informer', seen, ['add', 'update', 'delete']);
await informer.stop();

const code = await core.readNamespacedConfigMap({ name: 'none', namespace }).catch((error) => error.code);
same('read what is not there', code, 404);

const containers = [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'echo started; sleep 3600'] }];
await core.createNamespacedPod({ namespace, body: { metadata: { name: 'p' }, spec: { containers } } });
const watch = new k8s.Watch(config);
await new Promise((resolve, reject) => {
  watch.watch(`/api/v1/namespaces/${namespace}/pods`, {}, (_, pod) => {
    if (pod.status.phase === 'Running') resolve();
  }, (why) => reject(why ?? new Error('the watch ended')));
});
console.log('ok  watch');
same('log', await core.readNamespacedPodLog({ name: 'p', namespace }), 'started\n');

const exec = new k8s.Exec(config);
const [out, err] = [new PassThrough(), new PassThrough()];
const text = (from) => { let all = ''; from.on('data', (part) => { all += part; }); return () => all; };
const [stdout, stderr] = [text(out), text(err)];
const command = ['sh', '-c', 'echo out; echo err >&2; exit 3'];
const status = await new Promise((resolve, reject) => {
  exec.exec(namespace, 'p', 'c', command, out, err, null, false, resolve).catch(reject);
});
await new Promise((resolve) => setImmediate(resolve));
same('exec', [stdout(), stderr()], ['out\n', 'err\n']);
same('exec\'s exit code', status.details.causes[0].message, '3');
await core.deleteNamespace({ name: namespace });
process.exit(0);
