// @ts-check
// A bare Koa app: what the start, the first answer and the idle memory of ippool are compared with.
import Koa from 'koa';

const app = new Koa();
app.use((ctx) => {
  ctx.status = 201;
  ctx.body = { ip: '172.16.0.2' };
});
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(`${JSON.stringify({ msg: 'ready on', url: `http://127.0.0.1:${port}` })}\n`);
});
