import { describeTunnels } from "./tunnel-matrix.ts";

describeTunnels("uanytun");
