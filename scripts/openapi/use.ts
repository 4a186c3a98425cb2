// What an app writes with types made from the document. It is only compiled.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

const client = createClient<paths>({ baseUrl: "http://localhost" });

export async function buy(): Promise<string> {
  const joined = await client.POST("/api/v1/concerts/{id}/queue-tokens", {
    params: { path: { id: "0" } },
  });
  if (joined.error) {
    const code: components["schemas"]["Problem"]["code"] = joined.error.code;
    return code === "sale_closed" ? joined.error.title : code;
  }
  const token: string = joined.data.token;
  const polled = await client.GET("/api/v1/queue-tokens/me");
  const position: number | null = polled.data?.position ?? null;
  const held = await client.POST("/api/v1/reservations", {
    body: { concert_date_id: "0", seat_numbers: [1] },
  });
  if (held.error) {
    const taken: number[] = held.error.seat_numbers ?? [];
    return taken.join();
  }
  const until: string = held.data.expires_at;
  const paid = await client.POST("/api/v1/reservations/{id}/payment", {
    params: { path: { id: held.data.reservation_id }, header: { "Idempotency-Key": "1" } },
  });
  const missing: number = paid.error?.missing ?? 0;
  return [token, position, until, missing].join();
}
