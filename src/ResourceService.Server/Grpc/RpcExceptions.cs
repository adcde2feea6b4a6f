using Grpc.Core;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>Turns an error of the contract into what Grpc.AspNetCore sends as trailers.</summary>
internal static class RpcExceptions
{
    /// <summary>An exception that carries the status, with as many of its details as trailers hold.</summary>
    public static RpcException ToException(this Status status) => TrailerBounds.Fit(status).ToRpcException();
}
