/* The dashboard: one page, put together at build time (daemon/web). */
#include "daemon/api.h"

#include "daemon/web/page.html.h"

void api_page(struct http_call *call)
{
    struct text body = {0};
    text_add_bytes(&body, page, sizeof page - 1);
    http_call_header(call, "Content-Security-Policy", policy);
    http_call_header(call, "Referrer-Policy", "no-referrer");
    http_call_answer(call, 200, "text/html; charset=utf-8", &body);
}
