/**
 * What every answer of the page says to the browser: load nothing that is not from here, run nothing that stands in the page itself,
 * let nobody frame it or keep it. The referrer goes to this origin alone; without any, a browser would send `Origin: null`
 * with the page's own forms.
 */
export const SECURITY_HEADERS = {
  'content-security-policy': [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    `img-src 'self'`,
    `connect-src 'self'`,
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const
