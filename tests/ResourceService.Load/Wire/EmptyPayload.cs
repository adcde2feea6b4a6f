using Google.Protobuf;
using Grpc.Health.V1;

namespace ResourceService.Load.Wire;

/// <summary>The request of the call that claims are compared with: gRPC health Check of a service that is always there.</summary>
internal static class EmptyPayload
{
    public static Payload Create(string service) => new(new HealthCheckRequest { Service = service }.ToByteArray());
}
