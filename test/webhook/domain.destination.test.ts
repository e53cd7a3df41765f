/** Where webhooks may be sent: a table of hostile URLs and addresses. */
import { PUBLIC_ONLY, URL_CHARS_MAX, isAllowedAddress, urlProblem } from '../../domain/webhook/destination';

const LOCAL = { private_networks: ['127.0.0.0/8', '::1/128'], allows_http: true };

describe('an address is not allowed if it is', () => {
  test.each([
    ['of this machine', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '::1', '::']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1', 'fec0::1']],
    [
      'of the local link, such as the credentials of a cloud',
      ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'fd00:ec2::254'],
    ],
    [
      'shared, for tests or reserved',
      ['100.64.0.1', '198.18.0.1', '192.0.0.1', '192.0.2.1', '203.0.113.9', '240.0.0.1', '2001:db8::1'],
    ],
    ['of many receivers', ['224.0.0.1', '239.1.1.1', '255.255.255.255', 'ff02::1']],
    [
      'an IPv4 address inside of IPv6',
      ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::127.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::'],
    ],
    ['a tunnel or not assigned', ['2001::1', '64:ff9b:1::1', '4000::1', 'a000::1']],
    ['no address', ['', 'example.com', '1.2.3', '127.1', '0x7f000001', '2130706433x']],
  ])('%s', (_kind, addresses) => {
    expect(addresses.filter((address) => isAllowedAddress(address, PUBLIC_ONLY))).toEqual([]);
  });

  test('and public ones are', () => {
    const addresses = ['93.184.216.34', '1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'];
    expect(addresses.filter((address) => !isAllowedAddress(address, PUBLIC_ONLY))).toEqual([]);
  });

  test('unless its network is allowed, and only then', () => {
    const policy = { ...PUBLIC_ONLY, private_networks: ['10.1.0.0/16', 'fd00:1::/32'] };
    const of = (addresses: string[]) => addresses.map((address) => isAllowedAddress(address, policy));
    expect(of(['10.1.2.3', '::ffff:10.1.2.3', 'fd00:1::5'])).toEqual([true, true, true]);
    expect(of(['10.2.0.1', '127.0.0.1', 'fd00:2::5', '::1'])).toEqual([false, false, false, false]);
  });
});

describe('the URL of an endpoint', () => {
  test.each([
    'https://example.com/webhooks?tenant=1',
    'https://xn--bcher-kva.example:8443/',
    'https://1.1.1.1/',
    'https://example.com/@tenant?to=a@b',
    'https://[2606:4700::1111]:8443/a',
  ])('can be %s', (url) => {
    expect(urlProblem(url, PUBLIC_ONLY)).toBeNull();
  });

  test.each([
    ['http://example.com/', 'must begin with https://'],
    ['ftp://example.com/', 'must be a complete URL'],
    ['file:///etc/passwd', 'must be a complete URL'],
    ['https:example.com', 'must be a complete URL'],
    ['//example.com', 'must be a complete URL'],
    ['example.com', 'must be a complete URL'],
    ['https://', 'must be a complete URL'],
    ['https://user@example.com/', 'must not contain a user name'],
    ['https://:secret@example.com/', 'must not contain a user name'],
    ['https://example.com@127.0.0.1/', 'must not contain a user name'],
    ['https://@example.com/', 'must not contain a user name'],
    ['https://:@example.com', 'must not contain a user name'],
    ['https://example.com:0/', 'must not name port 0'],
    ['https://example.com:00', 'must not name port 0'],
    ['https://example.com/#a', 'must not contain a fragment'],
    [' https://example.com/', 'must not contain spaces'],
    ['https://exam\tple.com/', 'must not contain spaces'],
    ['https://exam\u00adple.com/', 'must not contain spaces'],
    ['https:\\\\127.0.0.1\\', 'must not contain spaces'],
    [`https://example.com/${'a'.repeat(URL_CHARS_MAX)}`, 'must have at most'],
    ['https://localhost/', 'must not name this machine'],
    ['https://LOCALHOST./', 'must not name this machine'],
    ['https://a.localhost/', 'must not name this machine'],
    // The forms of one address.
    ...[
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      '127.0.0.1.',
      '１２７.0.0.1',
      '127。0。0。1',
    ].map((host) => [`https://${host}/`, 'must not name 127.0.0.1']),
    ...['::1', '::ffff:127.0.0.1', '::', 'fe80::1', '64:ff9b::7f00:1'].map((host) => [
      `https://[${host}]/`,
      'must not name',
    ]),
    ['https://169.254.169.254/latest/meta-data', 'must not name 169.254.169.254'],
    ['https://0/', 'must not name 0.0.0.0'],
  ])('cannot be %s', (url, problem) => {
    expect(urlProblem(url, PUBLIC_ONLY)).toContain(problem);
  });

  test('can be local where the installation allows it', () => {
    const urls = ['http://127.0.0.1:9000/', 'http://localhost:9000/', 'https://[::1]/', 'http://example.com/'];
    expect(urls.map((url) => urlProblem(url, LOCAL))).toEqual(urls.map(() => null));
    expect(urlProblem('http://10.0.0.1/', LOCAL)).toContain('must not name 10.0.0.1');
  });
});
