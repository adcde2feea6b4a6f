using System.Collections.Concurrent;
using Grpc.Core;

namespace ResourceService.Server.Telemetry;

/// <summary>Names of OpenTelemetry's conventions for RPC (1.44).</summary>
internal static class RpcAttributes
{
    /// <summary>Which kind of RPC.</summary>
    public const string System = "rpc.system.name";

    /// <summary>The value of <see cref="System"/>.</summary>
    public const string Grpc = "grpc";

    /// <summary>The method's full name.</summary>
    public const string Method = "rpc.method";

    /// <summary>The gRPC code by name.</summary>
    public const string StatusCode = "rpc.response.status_code";

    /// <summary>Why a call was not accepted: the contract's reason or, without one, the code by name.</summary>
    public const string ErrorType = "error.type";

    /// <summary>The address that a call came to.</summary>
    public const string ServerAddress = "server.address";

    /// <summary>The port that a call came to.</summary>
    public const string ServerPort = "server.port";

    /// <summary>Stands for every method that there is not: what callers write is no label.</summary>
    public const string OtherMethod = "_OTHER";

    // As many as there are methods.
    private static readonly ConcurrentDictionary<string, string> _methods = new(StringComparer.Ordinal);

    /// <summary>A method's full name, "resourceservice.v1.ClaimService/ClaimInstance".</summary>
    public static string MethodOf(IMethod? method) => method is null ? OtherMethod : _methods.GetOrAdd(method.FullName, static name => name[1..]);
}
