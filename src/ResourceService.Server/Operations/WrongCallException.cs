namespace ResourceService.Server.Operations;

/// <summary>A command was called as it cannot be.</summary>
internal sealed class WrongCallException(string message) : Exception(message);
