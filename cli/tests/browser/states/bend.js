// Bends answers on their way to the page, by the rules that the tab's storage has: see `Tour::bend`.
(() => {
  const real = globalThis.fetch;
  const rules = () => {
    try {
      return JSON.parse(sessionStorage.bent ?? "[]");
    } catch {
      return [];
    }
  };
  globalThis.fetch = async (url, options = {}) => {
    const asked = `${options.method ?? "GET"} ${url}`;
    const rule = rules().find(({ of }) => new RegExp(of).test(asked));
    if (!rule) return real(url, options);
    if (rule.never) return new Promise(() => {});
    if (rule.lost) throw new TypeError("lost");
    if (!rule.patch) {
      const headers = rule.retry ? { "Retry-After": String(rule.retry) } : {};
      return new Response(JSON.stringify(rule.body), { status: rule.status, headers });
    }
    const answer = await real(url, options);
    const body = await answer.json();
    return new Response(JSON.stringify(answer.ok ? { ...body, ...rule.patch } : body), { status: answer.status });
  };
})();
