// Mail and news: Python's smtplib, poplib and nntplib, and curl, against smtpd, pop3d and nntpd.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Lab } from '../lab.mjs';
import { soundCapture } from '../tshark.mjs';

const MX = '10.82.1.25';

const open = () =>
  Lab.open({
    scenario: 'mail.yaml',
    wires: [{ at: 'sw1', tap: { device: 'tap0', offload: false } }],
    addresses: ['10.82.1.1/24'],
    capture: true,
  });

/** Runs a script of Python that fails loudly; what it prints. */
async function python(lab, text) {
  const file = lab.path('script.py');
  writeFileSync(file, text);
  const { code, out, err } = await lab.run('python3', ['-W', 'ignore', file]);
  assert.equal(code, 0, err);
  return out;
}

const SMTPLIB = `
import smtplib
with smtplib.SMTP('${MX}', timeout=20) as smtp:
    code, text = smtp.ehlo()
    assert code == 250, text
    assert smtp.has_extn('pipelining') and smtp.has_extn('8bitmime') and smtp.has_extn('size')
    body = ''.join('..%d\\n.%d\\nplain\\n' % (i, i) for i in range(2000))
    refused = smtp.sendmail('a@b.example', ['bob@lab.example', 'nobody@lab.example', 'eve@lab.example'],
                            'Subject: dots\\n\\n' + body)
    assert list(refused) == ['nobody@lab.example'], refused
    assert refused['nobody@lab.example'][0] == 550
    # Bytes go out as they are.
    smtp.sendmail('', 'bob@lab.example', 'Subject: \\u00fc\\r\\n\\r\\ngr\\u00fc\\u00df\\r\\n'.encode(), ['BODY=8BITMIME'])
    try:
        smtp.sendmail('a@b.example', 'bob@lab.example', b'Subject: x\\r\\n\\r\\na\\n.\\nMAIL FROM:<evil@b.example>\\r\\n')
        raise SystemExit('a bare line feed was taken')
    except smtplib.SMTPDataError as error:
        assert error.smtp_code == 554
    assert smtp.verify('bob')[0] == 250 and smtp.verify('nobody')[0] == 550
    assert smtp.docmd('EXPN', 'list')[0] == 502
`;

const POPLIB = `
import poplib
body = [line.encode() for i in range(2000) for line in ('..%d' % i, '.%d' % i, 'plain')]
pop = poplib.POP3('${MX}', timeout=20)
assert 'UIDL' in pop.capa()
pop.apop('eve', 'secret')
assert pop.stat()[0] == 1
_, lines, size = pop.retr(1)
assert lines[lines.index(b'') + 1:] == body
assert pop.stat()[1] == int(pop.list(1).split()[2]) == sum(len(line) + 2 for line in lines)
assert pop.top(1, 2)[1][-2:] == body[:2]
uid = pop.uidl(1).split()[2]
pop.dele(1)
pop.quit()
pop = poplib.POP3('${MX}', timeout=20)
pop.user('eve'); pop.pass_('secret')
assert pop.stat() == (0, 0)
pop.quit()
try:
    poplib.POP3('${MX}', timeout=20).apop('eve', 'wrong')
    raise SystemExit('the wrong password was taken')
except poplib.error_proto:
    pass
`;

const NNTPLIB = `
try:
    import nntplib
except ImportError:
    raise SystemExit(print('without'))
news = nntplib.NNTP('${MX}', timeout=20)
assert news.getcapabilities()['VERSION'] == ['2']
news.post(b'From: a@b\\r\\nNewsgroups: lab.test\\r\\nSubject: hello\\r\\n\\r\\n.dot\\r\\n')
_, count, first, last, name = news.group('lab.test')
assert (count, first, last, name) == (1, 1, 1, 'lab.test')
_, overviews = news.over((1, None))
assert overviews[0][1]['subject'] == 'hello' and overviews[0][1][':lines'] == '1', overviews
_, article = news.article(1)
assert article.lines[-1] == b'.dot'
assert news.description('lab.test') == 'for tests'
assert news.xhdr('subject', '1')[1] == [('1', 'hello')]
news.quit()
print('with')
`;

export default {
  name: 'mail',
  open,
  checks: [
    {
      name: "Python's smtplib sends, poplib fetches with APOP and deletes",
      needs: ['ip', 'python3'],
      quick: true,
      async run(lab) {
        await python(lab, SMTPLIB);
        await python(lab, POPLIB);
      },
    },
    {
      name: 'curl sends over SMTP and fetches over POP3',
      needs: ['ip', 'curl'],
      quick: true,
      async run(lab) {
        const file = lab.path('message');
        writeFileSync(file, 'Subject: from curl\r\n\r\n.hidden\r\nlast\r\n');
        const send = [
          '--mail-from',
          'c@d.example',
          '--mail-rcpt',
          'bob@lab.example',
          '-T',
          file,
          `smtp://${MX}/me.example`,
        ];
        const sent = await lab.run('curl', ['-sS', '--max-time', 20, ...send]);
        assert.equal(sent.code, 0, sent.err);
        const list = await lab.run('curl', ['-sS', '--max-time', 20, '-u', 'bob:secret', `pop3://${MX}/`]);
        assert.equal(list.code, 0, list.err);
        const number = list.out.trim().split('\n').length;
        const got = await lab.run('curl', ['-sS', '--max-time', 20, '-u', 'bob:secret', `pop3://${MX}/${number}`]);
        assert.equal(got.code, 0, got.err);
        assert.match(
          got.out,
          /from me\.example \(\[10\.82\.1\.1\]\)[\s\S]*Subject: from curl\r\n\r\n\.hidden\r\nlast\r\n$/,
        );
        const wrong = await lab.run('curl', ['-sS', '--max-time', 20, '-u', 'bob:wrong', `pop3://${MX}/`]);
        assert.equal(wrong.code, 67, wrong.err);
      },
    },
    {
      name: "Python's nntplib posts and reads",
      needs: ['ip', 'python3'],
      async run(lab) {
        const said = await python(lab, NNTPLIB);
        return said.trim() === 'without' ? 'this Python has no nntplib' : undefined;
      },
    },
    soundCapture(),
  ],
};
