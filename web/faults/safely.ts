// A page of an app inside ours, without anything that it could do: no scripts, no requests, nowhere to go. Pure.

/** What the frame itself forbids: everything (an empty `sandbox`). This policy also keeps it from asking for anything. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'";

/** Attributes whose address is fetched without a click. */
const FETCHED = ['src', 'srcset', 'imagesrcset', 'poster', 'background'];

/**
 * The text for an `<iframe sandbox srcdoc>`. Links open in a window of their own, which the sandbox refuses: a click
 * must not replace the page by one of ours.
 */
export function shownSafely(html: string): string {
  const page = new DOMParser().parseFromString(html, 'text/html');
  for (const gone of page.querySelectorAll('script, base, link, meta[http-equiv], iframe, object, embed'))
    gone.remove();
  // A browser may ask for what it sees ahead before it has read the policy.
  for (const name of FETCHED)
    for (const asks of page.querySelectorAll(`[${name}]`))
      if (!asks.getAttribute(name)?.startsWith('data:')) asks.removeAttribute(name);
  for (const bound of page.querySelectorAll('[target]')) bound.removeAttribute('target');
  const base = page.createElement('base');
  base.target = '_blank';
  const policy = page.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = POLICY;
  page.head.prepend(policy, base);
  return `<!doctype html>${page.documentElement.outerHTML}`;
}
