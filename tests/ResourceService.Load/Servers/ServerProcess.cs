using System.Diagnostics;

namespace ResourceService.Load.Servers;

/// <summary>One run of a server that the tool started. Its last lines of output are kept, for the message when it fails.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const int KeptLines = 40;

    private readonly Process _process;
    private readonly Queue<string> _output = new();
    private readonly Lock _outputLock = new();

    private ServerProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Stopwatch reading of the moment before the process was created.</summary>
    public long StartedAt { get; private set; }

    public static ServerProcess Start(IReadOnlyList<string> commandLine, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(commandLine[0], commandLine.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }
        var server = new ServerProcess(start) { StartedAt = Stopwatch.GetTimestamp() };
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    public string LastOutput()
    {
        lock (_outputLock)
        {
            return string.Join(Environment.NewLine, _output);
        }
    }

    /// <summary>Ends the process as a crash would: SIGKILL, without any chance to finish something.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Asks the process to stop (SIGTERM) and returns its exit code; kills it when it takes longer than the timeout.</summary>
    public async Task<int> StopAsync(TimeSpan timeout)
    {
        if (!_process.HasExited)
        {
            // .NET has no way to send SIGTERM to another process.
            using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
            await kill.WaitForExitAsync(CancellationToken.None);
        }
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(timeout);
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }
        return _process.ExitCode;
    }

    public void Dispose() => _process.Dispose();

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        lock (_outputLock)
        {
            _output.Enqueue(line);
            if (_output.Count > KeptLines)
            {
                _output.Dequeue();
            }
        }
    }
}
