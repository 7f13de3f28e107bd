# node: workers, promises, JIT compilers, files
# needs: /usr/bin/node
# prints: 4 499999500000 aab 200
# packages: nodejs
cat > a.js <<'E'
const { Worker, isMainThread, parentPort } = require('worker_threads');
const fs = require('fs');
if (!isMainThread) {
  let sum = 0;
  for (let i = 0; i < 1000000; i++) sum += i;
  parentPort.postMessage(sum);
} else {
  const worker = () => new Promise((done, fail) => new Worker(__filename).on('message', done).on('error', fail));
  (async () => {
    const sums = await Promise.all([worker(), worker(), worker(), worker()]);
    for (let i = 0; i < 200; i++) await fs.promises.appendFile('lines', 'x');
    console.log(sums.length, sums[0], 'baa'.split('').sort().join(''), fs.readFileSync('lines').length);
  })();
}
E
node a.js
