using System.CommandLine;
using Grpc.Core;
using ResourceService.Load.Commands;

var root = new RootCommand("Load and replay tool of ResourceService: replays a real fleet's requests, and measures what claims cost.")
{
    new ReplayCommand().Create(),
    new DriveCommand().Create(),
    new CompareCommand().Create(),
    new FillCommand().Create(),
    new SoakCommand().Create(),
    new OverheadCommand().Create(),
    new AbuseCommand().Create(),
};
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (RpcException e)
{
    await Console.Error.WriteLineAsync($"The server answered {e.StatusCode}: {e.Status.Detail}");
}
catch (Exception e) when (e is InvalidOperationException or TimeoutException or FormatException or IOException or System.ComponentModel.Win32Exception)
{
    // What a user can mend: a wrong option, a missing file, a server that does not start. Anything else is a defect and shows its trace.
    await Console.Error.WriteLineAsync(e.Message);
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("Interrupted.");
}
return ExitCodes.Failure;
