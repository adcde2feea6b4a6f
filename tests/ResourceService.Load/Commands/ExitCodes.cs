namespace ResourceService.Load.Commands;

/// <summary>How a command tells a script what it found.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>The server answered something wrong, or nothing.</summary>
    public const int Failure = 1;
}
