using System.Data.Common;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ResourceService.Server;
using ResourceService.Server.Nodes;
using ResourceService.Server.Operations;
using ResourceService.Server.Options;
using ResourceService.Server.Telemetry;
using ResourceService.Storage;

ServiceOptions? options = null;
try
{
    if (Arguments.AskForHelp(args))
    {
        Usage.Print();
        return 0;
    }

    if (Arguments.AskForVersion(args))
    {
        Console.WriteLine(ServiceVersion.Text);
        return 0;
    }

    if (Arguments.NameACommand(args))
        return Commands.Run(args);
    Arguments.Check(args);
    await using var app = ServiceComposition.Build(args);
    options = app.Services.GetRequiredService<ServiceOptions>();
    var fleet = app.Services.GetRequiredService<Fleet>();
    app.Logger.Starting(ServiceVersion.Text);
    app.StartTelemetry();
    fleet.Start();
    // Found before: a host that could not start is disposed of before it says that it stops.
    var calls = app.Services.GetRequiredService<IdempotentCalls>();
    app.Lifetime.ApplicationStarted.Register(() =>
    {
        app.Services.GetRequiredService<ServiceMetrics>().ShowZeros();
        foreach (var address in app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses)
            app.Logger.Listening(address);
    });
    app.Lifetime.ApplicationStopping.Register(() =>
    {
        app.Logger.Stopping();
        calls.Stop();
    });
    await app.StartAsync();
    await app.WaitForShutdownAsync();
    // Before the host's own parts: a collector that does not answer may hold those for seconds, and everything accepted is durable without it.
    fleet.Dispose();
    return 0;
}
catch (Exception cause) when (cause is StoreException or IOException or DbException || ListenFailure.Is(cause))
{
    // What an operator can mend: one line, no stack.
    var error = options is not null && ListenFailure.Is(cause) ? ListenFailure.Explain(options, cause) : cause;
    await Console.Error.WriteLineAsync($"{(Arguments.NameACommand(args) ? "Failed" : "Cannot start")}: {error.Message}");
    return 1;
}
