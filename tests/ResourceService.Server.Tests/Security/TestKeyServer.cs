using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ResourceService.Server.Tests.Security;

/// <summary>The address of an issuer's keys: an error until there are any.</summary>
internal sealed class TestKeyServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private volatile string? _keySet;

    private TestKeyServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Where it listens.</summary>
    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<TestKeyServer> StartAsync()
    {
        var server = new TestKeyServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>From now on the keys are given.</summary>
    public void Publish(string keySet) => _keySet = keySet;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private Task AnswerAsync(HttpContext http)
    {
        if (_keySet is { } keySet)
            return http.Response.WriteAsync(keySet);
        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    }
}
