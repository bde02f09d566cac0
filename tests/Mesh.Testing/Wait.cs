using System.Diagnostics;

namespace Mesh.Testing;

/// <summary>Waiting for something that happens soon, with a limit that only a defect reaches.</summary>
public static class Wait
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Asks again and again until the answer is true.</summary>
    /// <exception cref="TimeoutException">It was not within the limit; the message names what was awaited.</exception>
    public static Task UntilAsync(string what, Func<bool> condition, TimeSpan? limit = null) =>
        UntilAsync(what, () => Task.FromResult(condition()), limit);

    /// <inheritdoc cref="UntilAsync(string, Func{bool}, TimeSpan?)"/>
    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > (limit ?? Limit))
                throw new TimeoutException($"waited {watch.Elapsed.TotalSeconds:F0} s in vain until {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>Waits until a server answers a GET with success; tells its output when it ends instead.</summary>
    internal static Task UntilAnswersAsync(HttpClient client, string path, ChildProcess process, Func<string, bool>? accepts = null) =>
        UntilAsync($"{client.BaseAddress}{path} answers; its output:\n{process.Output}", async () =>
        {
            if (process.HasExited)
                throw new InvalidOperationException($"the server ended before it answered; its output:\n{process.Output}");
            try
            {
                using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
                return response.IsSuccessStatusCode && (accepts is null || accepts(await response.Content.ReadAsStringAsync()));
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
}
