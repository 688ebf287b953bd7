// What the pages draw, and no more. See README.md beside the built file for how it is made again.
export { init, use, version, dispose } from "echarts/core";
import { use } from "echarts/core";
import { LineChart, SankeyChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { SVGRenderer } from "echarts/renderers";
use([LineChart, SankeyChart, GridComponent, TooltipComponent, SVGRenderer]);
