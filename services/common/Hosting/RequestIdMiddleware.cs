using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Mesh.Common.Hosting;

/// <summary>Takes the caller's x-request-id or makes one, and answers with it.</summary>
internal sealed class RequestIdMiddleware(RequestDelegate next)
{
    public const string Header = "x-request-id";

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:");

    public Task InvokeAsync(HttpContext context)
    {
        var given = context.Request.Headers[Header].ToString();
        var id = IsSound(given) ? given : Guid.CreateVersion7().ToString("N");
        context.TraceIdentifier = id;
        context.Response.Headers[Header] = id;
        RequestScope.Begin(id);
        return next(context);
    }

    // What a stranger sends ends up in our logs.
    private static bool IsSound(string id) => id.Length is > 0 and <= 128 && !id.AsSpan().ContainsAnyExcept(s_allowed);
}
