/** Draws the interface at `/docs`. Every file comes from this server; an API key stays in the memory of the page. */

Scalar.createApiReference('#reference', {
  url: '/docs/openapi.json',
  authentication: { preferredSecurityScheme: 'adminKey' },
  persistAuth: false,
  // A link to an operation names it: /docs#tag/contracts/createContract.
  generateOperationSlug: ({ operationId }) => operationId,
  orderSchemaPropertiesBy: 'preserve',
  // What would be downloaded is the page's copy; the page links to /openapi.json.
  documentDownloadType: 'none',
  // No fonts, telemetry, clients or agents of other hosts. The content security policy refuses them too.
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
});

/** Scrolls to the code that the address names, such as /docs#QUOTA_EXCEEDED, as soon as it is drawn. */
function showCode() {
  const code = location.hash.slice(1);
  if (!/^[A-Z_]+$/.test(code)) return;
  const scroll = () => {
    const anchor = document.getElementById(code);
    anchor?.scrollIntoView({ block: 'center' });
    return anchor !== null;
  };
  if (scroll()) return;
  const observer = new MutationObserver(() => scroll() && observer.disconnect());
  observer.observe(document.body, { childList: true, subtree: true });
}

showCode();
addEventListener('hashchange', showCode);
