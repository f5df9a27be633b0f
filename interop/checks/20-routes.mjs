import assert from 'node:assert/strict';
import { FAR, openCampus, ROUTER, SECOND_ROUTER, WEB } from '../campus.mjs';
import { soundCapture } from '../tshark.mjs';

/** The routers and the end, in order, each beside its number. */
const WAY = [ROUTER, SECOND_ROUTER, FAR];

function findsTheWay({ out, err }) {
  WAY.forEach((address, i) => {
    assert.match(out, new RegExp(`^ *${i + 1}[:?]* +${address.replaceAll('.', '\\.')} `, 'm'), out + err);
  });
}

const traceroute = (name, args, more = {}) => ({
  name: `traceroute ${name}`,
  needs: ['ip', 'traceroute'],
  ...more,
  run: async (lab) => findsTheWay(await lab.run('traceroute', ['-n', '-w', 2, '-q', 2, ...args, FAR])),
});

export default {
  name: 'routes',
  open: () => openCampus({ capture: true }),
  checks: [
    traceroute('with UDP', [], { quick: true }),
    traceroute('with ICMP', ['-I']),
    traceroute('with TCP to a port that is open', ['-T', '-p', 80]),
    traceroute('with TCP to a port that is closed', ['-T', '-p', 81]),
    traceroute('with UDP to one port', ['-U', '-p', 33_434]),
    {
      name: 'traceroute --mtu finds where packets get smaller',
      needs: ['ip', 'traceroute'],
      async run(lab) {
        const { out } = await lab.run('traceroute', ['-n', '-w', 2, '--mtu', FAR]);
        assert.match(out, /F=1500[\s\S]*F=1400/, out);
      },
    },
    {
      name: 'tracepath finds the way and its MTU',
      needs: ['ip', 'tracepath'],
      quick: true,
      async run(lab) {
        lab.space.ip('route flush cache'); // what others have learnt
        const { out } = await lab.run('tracepath', ['-n', FAR]);
        findsTheWay({ out, err: '' });
        assert.match(out, /pmtu 1500[\s\S]*pmtu 1400[\s\S]*Resume: pmtu 1400 hops 3 back 3/, out);
      },
    },
    {
      name: 'tracepath to a neighbour',
      needs: ['ip', 'tracepath'],
      async run(lab) {
        const { out } = await lab.run('tracepath', ['-n', WEB]);
        assert.match(out, /Resume: pmtu 1500 hops 1 back 1/, out);
      },
    },
    soundCapture(),
  ],
};
