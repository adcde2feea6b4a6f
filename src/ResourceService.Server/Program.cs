using System.Data.Common;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ResourceService.Server;
using ResourceService.Server.Nodes;
using ResourceService.Server.Operations;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

try
{
    if (StoreCommands.Find(args) is { } command)
        return command();
    await using var app = ServiceComposition.Build(args);
    var fleet = app.Services.GetRequiredService<Fleet>();
    fleet.Start();
    app.Lifetime.ApplicationStarted.Register(() =>
    {
        app.Services.GetRequiredService<ServiceMetrics>().ShowZeros();
        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
            app.Logger.Listening(address);
    });
    app.Lifetime.ApplicationStopping.Register(() =>
    {
        app.Logger.Stopping();
        app.Services.GetRequiredService<IdempotentCalls>().Stop();
    });
    await app.RunAsync();
    fleet.Dispose();
    return 0;
}
catch (Exception cause) when (cause is StoreException or IOException or DbException)
{
    // What an operator can mend: one line, no stack.
    await Console.Error.WriteLineAsync($"{(StoreCommands.IsNamed(args) ? "Failed" : "Cannot start")}: {cause.Message}");
    return 1;
}
